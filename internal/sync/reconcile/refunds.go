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
	var told []lockstep.Notice
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
		told = append(told, n)
	}
	return told
}

// tellLicenseRefunds records the refunds of a one-time payment: when more was refunded than
// was known, and again in a retry, whose first try may have saved only the license.
func (p *Payments) tellLicenseRefunds(ctx context.Context, claim lockstep.Claim, known, license lockstep.License,
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
		return fmt.Errorf("look at refunds: %w", err)
	}
	plan := p.Catalog.Decide(nil, []lockstep.License{license}, time.Now()).Reasons[0].Plan
	return p.tellRefunds(ctx, claim, refunds, refundedPurchase{license.Account, license.ID, lockstep.Facts{Plan: plan,
		Status: string(license.Status), Checkout: license.ID, PaidBy: lockstep.PayerNamedIn(session.Metadata)}})
}

// tellInvoiceRefunds records the refunds of a payment that belongs to no checkout of ours: an
// invoice's. Its account is the customer's; without one there is nobody to tell.
func (p *Payments) tellInvoiceRefunds(ctx context.Context, claim lockstep.Claim, paymentID string) error {
	refunds, err := p.Billing.Refunds(ctx, paymentID)
	if denied(err) || errors.Is(err, lockstep.ErrNotFound) {
		return nil // not found: another key's payment
	}
	if err != nil {
		return fmt.Errorf("look at refunds: %w", err)
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
	return p.tellRefunds(ctx, claim, refunds, purchase)
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

func (p *Payments) tellRefunds(ctx context.Context, claim lockstep.Claim, refunds []lockstep.Refund,
	purchase refundedPurchase) error {
	told := purchase.notices(refunds, time.Now())
	if len(told) == 0 {
		return nil
	}
	if err := p.Store.SaveNotices(ctx, claim, purchase.account, told); err != nil {
		return fmt.Errorf("save notices of refunds: %w", err)
	}
	return nil
}
