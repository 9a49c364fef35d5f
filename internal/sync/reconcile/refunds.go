package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// The notice of a refund follows after the license is saved, so a failing read of refunds never
// delays the refund's effect on access. If Stripe refuses that read, only the notice is missing.
// Each refund is one notice, whichever event led to it.

// refundedPurchase is what a refund's notice says about the purchase.
type refundedPurchase struct {
	account lockstep.Account
	object  string // the checkout session or the payment intent
	facts   lockstep.Facts
}

// notices returns a notice for each recent refund. Older refunds were made before Lockstep
// looked after the account.
func (p refundedPurchase) notices(refunds []lockstep.Refund, at time.Time) []lockstep.Notice {
	var all []lockstep.Notice
	for _, r := range refunds {
		if at.Sub(r.CreatedAt) > history {
			continue
		}
		n := lockstep.NewNotice(lockstep.NoticePaymentRefunded, p.account, r.ID, at)
		n.Object, n.Facts = p.object, p.facts
		n.Facts.Refund, n.Facts.Amount, n.Facts.Currency = r.ID, r.Amount, r.Currency
		n.Facts.PaymentAmount, n.Facts.ReceiptURL = r.PaymentAmount, r.ReceiptURL
		made := r.CreatedAt.UTC()
		n.Facts.At = &made
		all = append(all, n)
	}
	return all
}

// recordLicenseRefunds records the refunds of a one-time payment: when the refunded
// amount has grown, and again in a retry, because the first attempt may have saved only the license.
func (p *Payments) recordLicenseRefunds(ctx context.Context, claim lockstep.Claim, known, license lockstep.License,
	session lockstep.Checkout) error {
	grew := license.RefundedAmount > known.RefundedAmount
	before := known.ID == "" && time.Since(session.CreatedAt) > history
	if before || !grew && (license.RefundedAmount == 0 || claim.Attempt <= 1) {
		return nil
	}
	refunds, err := p.Billing.Refunds(ctx, license.PaymentID)
	if denied(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list refunds: %w", err)
	}
	plan := p.Catalog.Decide(nil, []lockstep.License{license}, time.Now()).Reasons[0].Plan
	return p.recordRefunds(ctx, claim, refunds, refundedPurchase{license.Account, license.ID, lockstep.Facts{Plan: plan,
		Status: string(license.Status), Checkout: license.ID, PaidBy: lockstep.PayerNamedIn(session.Metadata)}})
}

// recordInvoiceRefunds records the refunds of a payment that belongs to no checkout of ours: an
// invoice's. The account is the customer's; without an account there is no notice.
func (p *Payments) recordInvoiceRefunds(ctx context.Context, claim lockstep.Claim, paymentID string) error {
	refunds, err := p.Billing.Refunds(ctx, paymentID)
	if denied(err) || errors.Is(err, lockstep.ErrNotFound) {
		return nil // not found: another key's payment
	}
	if err != nil {
		return fmt.Errorf("list refunds: %w", err)
	}
	if len(refunds) == 0 || refunds[0].CustomerID == "" {
		return nil
	}
	account, err := p.Store.AccountOfCustomer(ctx, refunds[0].CustomerID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at customer's link: %w", err)
	}
	purchase, err := p.invoiced(ctx, account, refunds[0].CustomerID)
	if err != nil {
		return err
	}
	purchase.object = paymentID
	return p.recordRefunds(ctx, claim, refunds, purchase)
}

// invoiced returns what an account's customer pays invoices for. A payment does not say for which
// of several subscriptions it was, so then there is no plan, and no buyer unless all have the same.
func (p *Payments) invoiced(ctx context.Context, account lockstep.Account,
	customerID string) (refundedPurchase, error) {
	record, err := p.Store.Account(ctx, account)
	if err != nil {
		return refundedPurchase{}, fmt.Errorf("read account: %w", err)
	}
	purchase, access, count := refundedPurchase{account: account}, p.Catalog.Access(record, time.Now()), 0
	for _, s := range record.Subscriptions {
		if s.CustomerID != customerID {
			continue
		}
		f := factsOf(s, access)
		switch count++; {
		case count == 1:
			purchase.facts.Plan, purchase.facts.PaidBy = f.Plan, f.PaidBy
		case f.PaidBy != purchase.facts.PaidBy:
			purchase.facts.PaidBy = ""
		}
	}
	if count > 1 {
		purchase.facts.Plan = ""
	}
	return purchase, nil
}

// recordRefunds stores the notices of a purchase's refunds.
func (p *Payments) recordRefunds(ctx context.Context, claim lockstep.Claim, refunds []lockstep.Refund,
	purchase refundedPurchase) error {
	all := purchase.notices(refunds, time.Now())
	if len(all) == 0 {
		return nil
	}
	if err := p.Store.SaveNotices(ctx, claim, purchase.account, all); err != nil {
		return fmt.Errorf("save notices of refunds: %w", err)
	}
	return nil
}
