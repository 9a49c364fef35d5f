package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// weaker lists the ways to end a billing, by policy. If Stripe refuses the first, the next one
// takes less away; none takes more than the policy says.
var weaker = map[DeletionPolicy][]DeletionPolicy{
	DeleteCustomer:      {DeleteCustomer, CancelSubscriptions, EndSubscriptions},
	CancelSubscriptions: {CancelSubscriptions, EndSubscriptions},
	EndSubscriptions:    {EndSubscriptions},
	KeepBilling:         nil,
}

// ending ends the billing of an account's customers at Stripe.
type ending struct {
	billing interface {
		CustomerReader
		Subscriptions(ctx context.Context, customerID string) ([]lockstep.Subscription, error)
		DeleteCustomer(ctx context.Context, id string) error
		EndSubscription(ctx context.Context, id string) error
		CancelSubscription(ctx context.Context, id string) error
		UnstartedSchedules(ctx context.Context, customerID string) ([]string, error)
		ReleaseSchedule(ctx context.Context, id string) error
		CancelSchedule(ctx context.Context, id string) error
	}
	log *slog.Logger
}

func (as *Accounts) ending() ending { return ending{as.Providers.Billing, as.Log} }

// attempt is how a policy was applied to one customer.
type attempt struct {
	way     DeletionPolicy          // that worked; empty: the billing continues
	refused *lockstep.UpstreamError // the first refusal; nil: the policy was applied
	reason  string                  // what Stripe said to each refused way
}

// endBilling ends the billing of all the account's customers by the policy. It skips claimed
// ones, because somebody else may pay with those. If Stripe refuses, it records a problem of the
// step that names the weaker way that worked. Each later run tries the policy again.
func (e ending) endBilling(ctx context.Context, d *draft, step lockstep.Step, policy DeletionPolicy) error {
	var first *lockstep.UpstreamError
	var worked string
	var reasons []string
	for _, l := range d.now.Customers() {
		if l.Trust == lockstep.Claimed {
			continue
		}
		a, err := e.endOf(ctx, d, policy, l.CustomerID)
		if err != nil {
			return err
		}
		if a.refused != nil {
			first, worked, reasons = cmp.Or(first, a.refused), string(a.way), append(reasons, a.reason)
		}
	}
	if first == nil {
		d.now.ClearProblem(step)
		return nil
	}
	d.refuse(ctx, step, worked, first, strings.Join(reasons, "; "))
	return nil
}

// endOf ends the billing of one customer: by the policy, or in the first weaker way that Stripe
// accepts.
func (e ending) endOf(ctx context.Context, d *draft, policy DeletionPolicy, customerID string) (attempt, error) {
	var first *lockstep.UpstreamError
	var reasons []string
	for _, way := range weaker[policy] {
		err := e.endBy(ctx, d, way, customerID)
		refused, is := refusal(err)
		switch {
		case err == nil && first == nil:
			return attempt{way: way}, nil
		case err == nil:
			reasons = append(reasons, "applied the policy "+string(way)+" instead")
			return attempt{way, first, strings.Join(reasons, "; ")}, nil
		case !is:
			return attempt{}, err
		}
		first, reasons = cmp.Or(first, refused), append(reasons, refused.Error())
	}
	if first == nil { // the policy keeps the billing
		return attempt{way: policy}, nil
	}
	e.log.ErrorContext(ctx, "STRIPE REFUSES TO END A BILLING, which continues; end it in Stripe's dashboard. GET /v1/problems has the reasons",
		"account", d.account.String(), "customer", customerID, "policy", string(policy))
	return attempt{"", first, strings.Join(append(reasons, "the billing continues"), "; ")}, nil
}

// endBy ends the billing of a customer in one way.
func (e ending) endBy(ctx context.Context, d *draft, way DeletionPolicy, customerID string) error {
	if way == DeleteCustomer {
		if err := e.billing.DeleteCustomer(ctx, customerID); err != nil {
			return fmt.Errorf("delete customer: %w", err)
		}
		d.markCustomerDeleted(customerID)
		return nil
	}
	live, err := e.billing.Subscriptions(ctx, customerID)
	if errors.Is(err, lockstep.ErrNotFound) {
		if c, look := e.billing.Customer(ctx, customerID); look == nil && c.Deleted {
			d.markCustomerDeleted(customerID) // which canceled its subscriptions
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("list subscriptions: %w", err)
	}
	refusals, err := e.endAll(ctx, d, way, live)
	if err != nil {
		return err
	}
	err = e.cancelUnstarted(ctx, customerID)
	if _, refused := refusal(err); err != nil && !refused {
		return err
	}
	return errors.Join(append(refusals, err)...)
}

// endAll ends subscriptions. A refusal of one does not stop the others.
func (e ending) endAll(ctx context.Context, d *draft, way DeletionPolicy,
	live []lockstep.Subscription) (refusals []error, err error) {
	for _, s := range live {
		end := e.cancelNow
		switch {
		case s.Ended(), way == EndSubscriptions && hasPeriod(s) && s.EndsWithPeriod():
			continue
		case way == EndSubscriptions && hasPeriod(s):
			end = e.endWithPeriod
		}
		d.scope |= lockstep.ScopeSubscriptions
		err := end(ctx, s)
		if _, refused := refusal(err); err != nil && !refused {
			return nil, err
		}
		refusals = append(refusals, err)
	}
	return refusals, nil
}

// endOne ends one subscription by a policy that would otherwise end all of the customer's.
func (e ending) endOne(ctx context.Context, policy DeletionPolicy, s lockstep.Subscription) error {
	switch {
	case policy == KeepBilling, policy == EndSubscriptions && hasPeriod(s) && s.EndsWithPeriod():
		return nil
	case policy == EndSubscriptions && hasPeriod(s):
		return e.endWithPeriod(ctx, s)
	}
	return e.cancelNow(ctx, s)
}

// cancelNow cancels a subscription. If Stripe refuses because a schedule owns it, it cancels the
// schedule, which cancels the subscription too.
func (e ending) cancelNow(ctx context.Context, s lockstep.Subscription) error {
	err := e.billing.CancelSubscription(ctx, s.ID)
	if _, refused := refusal(err); refused && s.ScheduleID != "" {
		err = e.billing.CancelSchedule(ctx, s.ScheduleID)
	}
	if err != nil {
		return fmt.Errorf("cancel subscription: %w", err)
	}
	return nil
}

// endWithPeriod has a subscription end with its paid period. Stripe refuses that while a
// schedule owns it (the portal creates one for each downgrade). Releasing the schedule leaves
// the subscription on its current prices.
func (e ending) endWithPeriod(ctx context.Context, s lockstep.Subscription) error {
	if s.ScheduleID != "" {
		if err := e.billing.ReleaseSchedule(ctx, s.ScheduleID); err != nil {
			return fmt.Errorf("release schedule: %w", err)
		}
	}
	if err := e.billing.EndSubscription(ctx, s.ID); err != nil {
		return fmt.Errorf("end subscription: %w", err)
	}
	return nil
}

// cancelUnstarted cancels the schedules that would start a subscription later.
func (e ending) cancelUnstarted(ctx context.Context, customerID string) error {
	ids, err := e.billing.UnstartedSchedules(ctx, customerID)
	if err != nil {
		return fmt.Errorf("list schedules: %w", err)
	}
	for _, id := range ids {
		if err := e.billing.CancelSchedule(ctx, id); err != nil {
			return fmt.Errorf("cancel schedule: %w", err)
		}
	}
	return nil
}

// hasPeriod reports whether a subscription has a paid period to end with. One that is
// incomplete, unpaid or paused has none.
func hasPeriod(s lockstep.Subscription) bool {
	return s.Status == "active" || s.Status == "trialing" || s.Status == "past_due"
}
