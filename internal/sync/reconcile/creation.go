package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// keyLife is how long we trust Stripe to remember an idempotency key. Stripe promises 24 hours;
// after that the same key creates a second customer.
const keyLife = 23 * time.Hour

// creation creates an account's customer. It alternates between the database and Stripe:
//
//	store the intent with its idempotency key -> call Stripe -> store the link
//
// Whoever continues after a crash sends the same parameters under the same key and gets the same
// customer.
type creation struct {
	drafts  drafts
	billing interface {
		CustomerReader
		customerLister
		CreateCustomer(ctx context.Context, c lockstep.NewCustomer) (lockstep.Customer, error)
	}
	linking linking
}

func (as *Accounts) creation() creation {
	return creation{as.drafts(), as.Providers.Billing, as.linking()}
}

// create creates the customer. It reports whether the customer is new, so that there is nothing
// to read about it yet. A refusal becomes a problem of the account.
func (c creation) create(ctx context.Context, d *draft) (made bool, err error) {
	if d.repeats(lockstep.StepCustomer, d.creationDigest()) {
		return false, nil
	}
	d.now.ClearProblem(lockstep.StepCustomer)
	if d.now.Intent != nil && time.Since(d.now.Intent.At) > keyLife {
		return c.recover(ctx, d, nil)
	}
	resumed := d.now.Intent != nil
	if !resumed {
		if err := c.intend(ctx, d); err != nil {
			return false, err
		}
	}
	intent := *d.now.Intent
	customer, err := c.billing.CreateCustomer(ctx, lockstep.NewCustomer{Account: d.account,
		Email: intent.Email, Name: intent.Name, IdempotencyKey: intent.Key})
	if err != nil {
		return c.failed(ctx, d, intent, err)
	}
	customer.Email, customer.Name = intent.Email, intent.Name
	if resumed {
		return c.resume(ctx, d, customer)
	}
	return true, c.linking.link(ctx, d, customer, true)
}

// intend stores what will be sent to Stripe before it is sent.
func (c creation) intend(ctx context.Context, d *draft) error {
	details := d.wantedDetails()
	d.now.CustomerGeneration++
	d.now.Intent = &lockstep.Intent{
		Key:   fmt.Sprintf("lockstep:customer:%s:%d", d.account, d.now.CustomerGeneration),
		Email: details.Email, Name: details.Name, At: time.Now()}
	return c.drafts.keep(ctx, d)
}

// resume links the customer of an intent that an earlier run stored. Stripe's answer may be that
// to the first call, so it is read again: events about it came before the link.
func (c creation) resume(ctx context.Context, d *draft, customer lockstep.Customer) (made bool, err error) {
	switch now, err := c.billing.Customer(ctx, customer.ID); {
	case err != nil:
		return false, fmt.Errorf("read the customer of an old intent: %w", err)
	case now.Deleted:
		return c.startOver(ctx, d)
	}
	return false, c.linking.link(ctx, d, customer, false)
}

// startOver drops the intent and creates the customer under a new one.
func (c creation) startOver(ctx context.Context, d *draft) (made bool, err error) {
	d.now.Intent = nil
	if err := c.drafts.keep(ctx, d); err != nil {
		return false, err
	}
	return c.create(ctx, d)
}

// failed continues after Stripe answered with an error.
func (c creation) failed(ctx context.Context, d *draft, intent lockstep.Intent, err error) (made bool, _ error) {
	var upstream *lockstep.UpstreamError
	switch {
	case errors.As(err, &upstream) && (upstream.Replayed || upstream.Code == "idempotency_error"):
		// The key's stored answer is a failure, or belongs to other parameters: it will never
		// give a customer. Only the list of customers tells whether one was created.
		return c.recover(ctx, d, err)
	case errors.As(err, &upstream) && upstream.Rejected():
		return c.createWithout(ctx, d, intent, fmt.Errorf("create customer: %w", err))
	}
	return false, fmt.Errorf("create customer: %w", err)
}

// recover links the customer that an intent has created. If there is none, it drops the intent,
// and the next call uses a new key.
func (c creation) recover(ctx context.Context, d *draft, cause error) (made bool, err error) {
	customer, found, err := createdSince(ctx, c.billing, d.account, d.now.Intent.At)
	if err != nil {
		return false, fmt.Errorf("find the customer of an old intent: %w", err)
	}
	if found {
		return false, c.linking.link(ctx, d, customer, false)
	}
	if cause == nil {
		return c.startOver(ctx, d)
	}
	d.now.Intent = nil
	if err := c.drafts.keep(ctx, d); err != nil {
		return false, err
	}
	return false, fmt.Errorf("create customer: its idempotency key is used up, the next try has a new one: %w",
		runner.Retryable(cause))
}

// createWithout creates a customer after Stripe refused the intended one: without the address,
// which Stripe refuses most often; else without the name; else with neither. It records a problem
// for each field that it leaves out. If Stripe refuses even the bare customer, the fields were not
// the cause, and the problem is the creation's.
//
// Stripe executed nothing, so each try gets its own idempotency key.
func (c creation) createWithout(ctx context.Context, d *draft, refused lockstep.Intent, cause error) (made bool,
	err error) {
	d.now.Intent = nil
	if err := d.refuseCreation(ctx, refused, cause); err != nil {
		return false, err
	}
	if err := c.drafts.keep(ctx, d); err != nil {
		return false, err
	}
	if _, given := d.now.Problem(lockstep.StepCustomer); given {
		return false, nil
	}
	return c.create(ctx, d)
}

// refuseCreation records which part of a customer Stripe refused.
func (d *draft) refuseCreation(ctx context.Context, refused lockstep.Intent, cause error) error {
	if refused.Email != "" {
		return d.refused(ctx, lockstep.StepCustomerEmail, lockstep.DigestOf(refused.Email), cause)
	}
	d.now.ClearProblem(lockstep.StepCustomerEmail) // it was refused without the address too
	if refused.Name != "" {
		return d.refused(ctx, lockstep.StepCustomerName, lockstep.DigestOf(refused.Name), cause)
	}
	d.now.ClearProblem(lockstep.StepCustomerName)
	return d.refused(ctx, lockstep.StepCustomer, d.creationDigest(), cause)
}

// creationDigest identifies the values that a customer is created with.
func (d *draft) creationDigest() string {
	return lockstep.DigestOf([]string{d.account.String(), d.now.Email, d.now.Name})
}

// linking stores that a customer is the account's primary one.
type linking struct{ drafts drafts }

func (as *Accounts) linking() linking { return linking{as.drafts()} }

// lookAgain is when a customer that is not new is read once more, in case the run that linked it
// does not get that far.
const lookAgain = 10 * time.Second

// link stores the link at once: later steps may be retried, but the link must not be lost. It
// also marks the account, unless the customer was just made: then there is nothing to read yet,
// and events tell about what follows.
func (l linking) link(ctx context.Context, d *draft, c lockstep.Customer, made bool) error {
	if !made {
		d.mark(lockstep.Mark{Key: d.account.Key(), Scope: lockstep.ScopeSubscriptions | lockstep.ScopePayments,
			Priority: lockstep.Normal, Delay: lookAgain})
	}
	if d.now.Claims(c.ID) { // this run found proof
		d.setFurther(c.ID, func(l *lockstep.Link) { l.Trust = lockstep.Proven })
		if err := l.drafts.keep(ctx, d); err != nil {
			return err
		}
	}
	d.setPrimary(c)
	d.now.Intent = nil
	d.now.ClearProblem(lockstep.StepCustomer)
	return l.drafts.keep(ctx, d)
}
