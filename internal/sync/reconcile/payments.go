package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// Payments turns one-time payments into licenses. A payment intent's key only
// leads to its checkout session's: one session is settled under one key, so an
// older observation never overwrites a newer one.
type Payments struct {
	Store   UnlinkedStore
	Billing lockstep.Billing
	Catalog lockstep.Catalog
	Book    *pricebook.Book
	Owners  *Owners
}

// Reconcile settles the checkout session, finds that of the payment intent, or
// finds whom a thin event's object is about.
func (p *Payments) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	switch claim.Key.Kind {
	case lockstep.KeyPayment:
		return Result{}, p.find(ctx, claim)
	case lockstep.KeyObject:
		return Result{}, p.ask(ctx, claim)
	}
	return Result{}, p.settle(ctx, claim)
}

// ask turns the id of an object into marks of those whom it is about.
func (p *Payments) ask(ctx context.Context, claim lockstep.Claim) error {
	customerID, paymentID, err := p.Billing.PartiesOf(ctx, claim.Key.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return &lockstep.ParkError{Reason: "Stripe does not know this object under our key",
			WaitsFor: []lockstep.Key{claim.Key}}
	}
	if err != nil {
		return fmt.Errorf("look at the object of an event: %w", err)
	}
	if paymentID != "" {
		if err := p.Store.Mark(ctx, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyPayment, ID: paymentID},
			Priority: lockstep.Normal}); err != nil {
			return fmt.Errorf("mark payment: %w", err)
		}
	}
	return p.markCustomer(ctx, customerID, claim.Scope|lockstep.ScopeSubscriptions)
}

func (p *Payments) find(ctx context.Context, claim lockstep.Claim) error {
	paymentID := claim.Key.ID
	license, err := p.Store.LicenseOfPayment(ctx, paymentID)
	id := license.ID
	if errors.Is(err, lockstep.ErrNotFound) {
		session, err := p.Billing.CheckoutOfPayment(ctx, paymentID)
		if errors.Is(err, lockstep.ErrNotFound) || err == nil && session.Mode != "payment" {
			return p.tellInvoiceRefunds(ctx, claim, paymentID) // no license follows
		}
		if err != nil {
			return fmt.Errorf("look for the session of a payment: %w", err)
		}
		id = session.ID
	} else if err != nil {
		return fmt.Errorf("look for the license of a payment: %w", err)
	}
	return p.Store.Mark(ctx, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: id},
		Priority: lockstep.Interactive})
}

func (p *Payments) settle(ctx context.Context, claim lockstep.Claim) error {
	session, err := p.Billing.Checkout(ctx, claim.Key.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return &lockstep.ParkError{Reason: "Stripe does not know this checkout session under our key",
			WaitsFor: []lockstep.Key{claim.Key}}
	}
	if err != nil {
		return fmt.Errorf("look at checkout session: %w", err)
	}
	session.Metadata = p.Owners.readable(session.Metadata)
	if session.Mode != "payment" {
		return p.markCustomer(ctx, session.CustomerID, lockstep.ScopeSubscriptions) // a thin event does not tell the mode
	}
	if _, makes := lockstep.LicenseOf(session, lockstep.Account{}); !makes {
		return nil
	}
	owner, err := p.owner(ctx, session)
	waits := []lockstep.Key{claim.Key}
	if session.CustomerID != "" {
		waits = append(waits, lockstep.Key{Kind: lockstep.KeyCustomer, ID: session.CustomerID})
	}
	switch {
	case unresolved(err):
		return &lockstep.ParkError{Reason: err.Error(), WaitsFor: waits}
	case err != nil:
		return err
	case owner.IsZero():
		return &lockstep.ParkError{Reason: "nothing says who paid", WaitsFor: waits}
	}
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
		return p.introduce(ctx, owner, waits)
	case errors.Is(err, lockstep.ErrLinked):
		return &lockstep.ParkError{Reason: "the license is another account's", WaitsFor: []lockstep.Key{claim.Key}}
	case err != nil:
		return fmt.Errorf("save license: %w", err)
	}
	if err := p.introduceCustomer(ctx, session); err != nil {
		return err
	}
	return p.tellLicenseRefunds(ctx, claim, known, license, session)
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

// owner is whose license there is already; a license never changes its account,
// whoever its customer is linked to later. Else it climbs the ladder for a session.
func (p *Payments) owner(ctx context.Context, session lockstep.Checkout) (lockstep.Account, error) {
	account, err := p.Store.AccountOfLicense(ctx, session.ID)
	if err == nil || !errors.Is(err, lockstep.ErrNotFound) {
		return account, err
	}
	e := evidence{objects: []map[string]string{session.Metadata}}
	if e.assigned, err = p.Owners.assigned(ctx, lockstep.Key{Kind: lockstep.KeyCheckout, ID: session.ID}); err != nil {
		return lockstep.Account{}, err
	}
	if session.CustomerID != "" {
		switch link, err := p.Store.LinkOf(ctx, session.CustomerID); {
		case err == nil && link.Trust == lockstep.Proven:
			if e.link, err = p.payer(ctx, link.Account, session); err != nil {
				return lockstep.Account{}, err
			}
		case err == nil:
			e.claimed = link.Account
		case !errors.Is(err, lockstep.ErrNotFound):
			return lockstep.Account{}, fmt.Errorf("look at customer's link: %w", err)
		}
	}
	if e.link.IsZero() { // else the reference is not read, which may cost a call
		if err := p.Owners.refer(ctx, &e, session.Reference); err != nil {
			return lockstep.Account{}, err
		}
	}
	owner, err := p.Owners.resolve(ctx, e, p.Owners.find)
	if err != nil || !owner.account.IsZero() || session.CustomerID == "" {
		return owner.account, err
	}
	customer, err := p.Billing.Customer(ctx, session.CustomerID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.Account{}, nil
	}
	if err != nil {
		return lockstep.Account{}, fmt.Errorf("look at customer: %w", err)
	}
	e.customer = p.Owners.readable(customer.Metadata)
	owner, err = p.Owners.resolve(ctx, e, p.Owners.find)
	return owner.account, err
}

// payer is the account of a session's customer by our proven link; the zero account where that
// account is deleted and the session names another one: somebody came back under a new id.
func (p *Payments) payer(ctx context.Context, linked lockstep.Account,
	session lockstep.Checkout) (lockstep.Account, error) {
	named, ok := lockstep.AccountNamedIn(session.Metadata)
	if !ok || named == linked {
		return linked, nil
	}
	_, err := p.Owners.find(ctx, linked)
	if !errors.Is(err, lockstep.ErrNotFound) {
		return linked, err
	}
	if _, err = p.Owners.find(ctx, named); errors.Is(err, lockstep.ErrNotFound) {
		return linked, nil
	}
	return lockstep.Account{}, err
}

// introduce has an account looked at that we do not know yet, and parks the
// payment until it is there.
func (p *Payments) introduce(ctx context.Context, owner lockstep.Account, waits []lockstep.Key) error {
	err := p.Store.Mark(ctx, lockstep.Mark{Key: owner.Key(), Scope: lockstep.ScopeIdentity,
		Priority: lockstep.Interactive})
	if err != nil {
		return fmt.Errorf("mark %s: %w", owner, err)
	}
	return &lockstep.ParkError{Reason: "the account " + owner.String() + " is not known yet",
		WaitsFor: append(waits, owner.Key())}
}

// introduceCustomer has the session's customer looked at if it is nobody's yet.
func (p *Payments) introduceCustomer(ctx context.Context, session lockstep.Checkout) error {
	_, err := p.Store.AccountOfCustomer(ctx, session.CustomerID)
	if !errors.Is(err, lockstep.ErrNotFound) {
		return err
	}
	return p.markCustomer(ctx, session.CustomerID, 0)
}

// markCustomer marks a customer, or whom it is linked to; without one it does
// nothing.
func (p *Payments) markCustomer(ctx context.Context, id string, scope lockstep.Scope) error {
	if id == "" {
		return nil
	}
	return p.Store.Mark(ctx, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: id}, Scope: scope,
		Priority: lockstep.Normal})
}
