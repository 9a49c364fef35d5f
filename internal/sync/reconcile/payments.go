package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// PaymentStore is the store as [Payments] uses it.
type PaymentStore interface {
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error)
	AccountOfLicense(ctx context.Context, checkoutID string) (lockstep.Account, error)
	LicenseOfPayment(ctx context.Context, paymentID string) (lockstep.License, error)
	LinkOf(ctx context.Context, customerID string) (lockstep.Link, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
	SaveLicense(ctx context.Context, claim lockstep.Claim, license lockstep.License, notices []lockstep.Notice) error
	SaveNotices(ctx context.Context, claim lockstep.Claim, account lockstep.Account, notices []lockstep.Notice) error
}

// PaymentReader is what [Payments] reads at Stripe.
type PaymentReader interface {
	CustomerReader
	Checkout(ctx context.Context, id string) (lockstep.Checkout, error)
	CheckoutOfPayment(ctx context.Context, paymentID string) (lockstep.Checkout, error)
	PartiesOf(ctx context.Context, objectID string) (customerID, paymentID string, err error)
	Refunds(ctx context.Context, paymentID string) ([]lockstep.Refund, error)
}

// Payments turns one-time payments into licenses. The key of a payment intent only leads to its
// checkout session's: each session is settled under one key, so an older observation never
// overwrites a newer one.
type Payments struct {
	Store   PaymentStore
	Billing PaymentReader
	Catalog lockstep.Catalog
	Book    *pricebook.Book
	Owners  *ownership.Resolver
}

// Reconcile settles a checkout session, finds the session of a payment intent, or finds whom the
// object of a thin event is about.
func (p *Payments) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	switch claim.Key.Kind {
	case lockstep.KeyPayment:
		return Result{}, p.find(ctx, claim)
	case lockstep.KeyObject:
		return Result{}, p.ask(ctx, claim)
	}
	return p.settle(ctx, claim)
}

// ask marks the customer and the payment that an object is about.
func (p *Payments) ask(ctx context.Context, claim lockstep.Claim) error {
	customerID, paymentID, err := p.Billing.PartiesOf(ctx, claim.Key.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return parkedAt(claim, "Stripe does not know this object under our key")
	}
	if err != nil {
		return fmt.Errorf("read the object of an event: %w", err)
	}
	if paymentID != "" {
		if err := p.Store.Mark(ctx, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyPayment, ID: paymentID},
			Scope: lockstep.ScopePayments, Priority: lockstep.Normal, Gathers: true}); err != nil {
			return fmt.Errorf("mark payment: %w", err)
		}
	}
	return p.markCustomer(ctx, customerID, claim.Scope|lockstep.ScopeSubscriptions)
}

// parkedAt parks a claim until its own key is marked, or one of others.
func parkedAt(claim lockstep.Claim, reason string, others ...lockstep.Key) error {
	return &lockstep.ParkError{Reason: reason, WaitsFor: append(others, claim.Key)}
}

// find marks the checkout session of a payment intent.
func (p *Payments) find(ctx context.Context, claim lockstep.Claim) error {
	paymentID := claim.Key.ID
	license, err := p.Store.LicenseOfPayment(ctx, paymentID)
	id := license.ID
	if errors.Is(err, lockstep.ErrNotFound) {
		session, err := p.Billing.CheckoutOfPayment(ctx, paymentID)
		if errors.Is(err, lockstep.ErrNotFound) || err == nil && session.Mode != "payment" {
			return p.recordInvoiceRefunds(ctx, claim, paymentID) // it gives no license
		}
		if err != nil {
			return fmt.Errorf("find the session of a payment: %w", err)
		}
		id = session.ID
	} else if err != nil {
		return fmt.Errorf("find the license of a payment: %w", err)
	} else if license.Status == lockstep.LicenseActive && claim.Scope == lockstep.ScopeSubscriptions|lockstep.ScopePaid {
		return nil // its events say only that it was paid
	}
	return p.Store.Mark(ctx, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: id},
		Priority: lockstep.Interactive, Gathers: true})
}

// settle turns a checkout session into a license. Once it is paid, its further events gather.
func (p *Payments) settle(ctx context.Context, claim lockstep.Claim) (Result, error) {
	session, err := p.Billing.Checkout(ctx, claim.Key.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return Result{}, parkedAt(claim, "Stripe does not know this checkout session under our key")
	}
	if err != nil {
		return Result{}, fmt.Errorf("read checkout session: %w", err)
	}
	session.Metadata = p.Owners.Readable(session.Metadata)
	if session.Mode != "payment" { // a thin event does not tell the mode
		return Result{}, p.markCustomer(ctx, session.CustomerID, lockstep.ScopeSubscriptions)
	}
	license, makes := lockstep.LicenseOf(session, lockstep.Account{})
	if !makes {
		return Result{}, nil
	}
	result := Result{Quiet: -1}
	if license.Status == lockstep.LicenseActive {
		result.Quiet = settling
	}
	result.Facts.Observe(session.ID, session.Status+" "+session.PaymentStatus)
	if err := p.grant(ctx, claim, session); err != nil {
		return result, err
	}
	result.Facts.Write(database, "license", 1)
	return result, nil
}

// grant stores the license that a session gives its owner.
func (p *Payments) grant(ctx context.Context, claim lockstep.Claim, session lockstep.Checkout) error {
	owner, err := p.owner(ctx, session)
	switch {
	case ownership.Unresolved(err):
		return parkedAt(claim, err.Error(), customerOf(session)...)
	case err != nil:
		return err
	case owner.IsZero():
		return parkedAt(claim, "nothing says who paid", customerOf(session)...)
	}
	return p.license(ctx, claim, session, owner)
}

// customerOf returns the key of a session's customer, if it has one.
func customerOf(session lockstep.Checkout) []lockstep.Key {
	if session.CustomerID == "" {
		return nil
	}
	return []lockstep.Key{{Kind: lockstep.KeyCustomer, ID: session.CustomerID}}
}

// license stores the license that a session gives its owner, and notices of its refunds.
func (p *Payments) license(ctx context.Context, claim lockstep.Claim, session lockstep.Checkout,
	owner lockstep.Account) error {
	known, err := p.known(ctx, owner, session.ID)
	if err != nil {
		return err
	}
	if err := p.Book.Name(ctx, p.Catalog, pricebook.Lookup{Items: session.Items, Known: known.Items}); err != nil {
		return err
	}
	license, _ := lockstep.LicenseOf(session, owner)
	if p.Catalog.PlanMetadata != "" {
		license.PlanNamed = session.Metadata[p.Catalog.PlanMetadata]
	}
	err = p.Store.SaveLicense(ctx, claim, license, licenseNotices(license, session, p.Catalog, time.Now()))
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return p.introduce(ctx, claim, session, owner)
	case errors.Is(err, lockstep.ErrLinked):
		return parkedAt(claim, "the license is another account's")
	case err != nil:
		return fmt.Errorf("save license: %w", err)
	}
	if err := p.introduceCustomer(ctx, session); err != nil {
		return err
	}
	return p.recordLicenseRefunds(ctx, claim, known, license, session)
}

// known returns the stored license, or the zero License.
func (p *Payments) known(ctx context.Context, owner lockstep.Account, id string) (lockstep.License, error) {
	record, err := p.Store.Account(ctx, owner)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.License{}, fmt.Errorf("read account: %w", err)
	}
	for _, l := range record.Licenses {
		if l.ID == id {
			return l, nil
		}
	}
	return lockstep.License{}, nil
}

// owner returns the account of the session's license, if there is one: a license never changes its
// account, whatever its customer is linked to later. Otherwise it climbs the ladder. It reads the
// customer only if nothing else names an account.
func (p *Payments) owner(ctx context.Context, session lockstep.Checkout) (lockstep.Account, error) {
	account, err := p.Store.AccountOfLicense(ctx, session.ID)
	if err == nil || !errors.Is(err, lockstep.ErrNotFound) {
		return account, err
	}
	e, err := p.evidence(ctx, session)
	if err != nil {
		return lockstep.Account{}, err
	}
	owner, err := p.Owners.Resolve(ctx, e, p.Owners.Find)
	if err != nil || !owner.Account.IsZero() || session.CustomerID == "" {
		return owner.Account, err
	}
	customer, err := p.Billing.Customer(ctx, session.CustomerID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.Account{}, nil
	}
	if err != nil {
		return lockstep.Account{}, fmt.Errorf("read customer: %w", err)
	}
	e.Customer = p.Owners.Readable(customer.Metadata)
	owner, err = p.Owners.Resolve(ctx, e, p.Owners.Find)
	return owner.Account, err
}

// evidence returns what names the account of a session, but for its customer's metadata.
func (p *Payments) evidence(ctx context.Context, session lockstep.Checkout) (e ownership.Evidence, err error) {
	e.Objects = []map[string]string{session.Metadata}
	if e.Assigned, err = p.Owners.Assigned(ctx, lockstep.Key{Kind: lockstep.KeyCheckout, ID: session.ID}); err != nil {
		return e, err
	}
	if session.CustomerID != "" {
		switch link, err := p.Store.LinkOf(ctx, session.CustomerID); {
		case err == nil && link.Trust == lockstep.Proven:
			if e.Link, err = p.payer(ctx, link.Account, session); err != nil {
				return e, err
			}
		case err == nil:
			e.Claimed = link.Account
		case !errors.Is(err, lockstep.ErrNotFound):
			return e, fmt.Errorf("read the link of a customer: %w", err)
		}
	}
	if e.Link.IsZero() { // otherwise the reference does not count, and reading it may cost a call
		err = p.Owners.Refer(ctx, &e, session.Reference)
	}
	return e, err
}

// payer returns the account of a session's customer by our proven link. It returns the zero account
// if that account is deleted and the session names another one: the user came back under a new id.
func (p *Payments) payer(ctx context.Context, linked lockstep.Account,
	session lockstep.Checkout) (lockstep.Account, error) {
	named, ok := lockstep.AccountNamedIn(session.Metadata)
	if !ok || named == linked {
		return linked, nil
	}
	_, err := p.Owners.Find(ctx, linked)
	if !errors.Is(err, lockstep.ErrNotFound) {
		return linked, err
	}
	if _, err = p.Owners.Find(ctx, named); errors.Is(err, lockstep.ErrNotFound) {
		return linked, nil
	}
	return lockstep.Account{}, err
}

// introduce marks an account that we do not know yet, and parks the payment until we do.
func (p *Payments) introduce(ctx context.Context, claim lockstep.Claim, session lockstep.Checkout,
	owner lockstep.Account) error {
	err := p.Store.Mark(ctx, lockstep.Mark{Key: owner.Key(), Scope: lockstep.ScopeIdentity,
		Priority: lockstep.Interactive})
	if err != nil {
		return fmt.Errorf("mark %s: %w", owner, err)
	}
	return parkedAt(claim, "the account "+owner.String()+" is not known yet",
		append(customerOf(session), owner.Key())...)
}

// introduceCustomer marks the session's customer if it is not linked yet.
func (p *Payments) introduceCustomer(ctx context.Context, session lockstep.Checkout) error {
	_, err := p.Store.AccountOfCustomer(ctx, session.CustomerID)
	if !errors.Is(err, lockstep.ErrNotFound) {
		return err
	}
	return p.markCustomer(ctx, session.CustomerID, 0)
}

// markCustomer marks a customer, or the account that it is linked to. Without a customer it does
// nothing.
func (p *Payments) markCustomer(ctx context.Context, id string, scope lockstep.Scope) error {
	if id == "" {
		return nil
	}
	return p.Store.Mark(ctx, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: id}, Scope: scope,
		Priority: lockstep.Normal, Gathers: true})
}
