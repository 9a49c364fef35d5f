package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// weaker are the ways to end a billing, by policy. If Stripe refuses the first, the next one
// takes less away; none takes more than the policy says.
var weaker = map[DeletionPolicy][]DeletionPolicy{
	DeleteCustomer:      {DeleteCustomer, CancelSubscriptions, EndSubscriptions},
	CancelSubscriptions: {CancelSubscriptions, EndSubscriptions},
	EndSubscriptions:    {EndSubscriptions},
	KeepBilling:         nil,
}

// endBilling ends the billing of all the account's customers by the policy, but for claimed
// ones: somebody else may pay with those. If Stripe refuses, it records a problem of the step
// that names the weaker way that worked. Each later look tries again.
func (r *run) endBilling(ctx context.Context, step lockstep.Step, policy DeletionPolicy) error {
	var first *lockstep.UpstreamError
	var worked string
	var reasons []string
	for _, l := range r.now.Customers() {
		if l.Trust == lockstep.Claimed {
			continue
		}
		way, refused, why, err := r.endOf(ctx, policy, l.CustomerID)
		if err != nil {
			return err
		}
		if refused != nil {
			first, worked, reasons = cmp.Or(first, refused), string(way), append(reasons, why)
		}
	}
	if first == nil {
		r.now.ClearProblem(step)
		return nil
	}
	r.refuse(step, worked, first, strings.Join(reasons, "; "))
	return nil
}

// endOf ends the billing of one customer: by the policy, or in the first weaker way that
// Stripe does not refuse. It returns that way, which is empty where the billing goes on, and
// the first refusal with the reasons.
func (r *run) endOf(ctx context.Context, policy DeletionPolicy,
	customerID string) (DeletionPolicy, *lockstep.UpstreamError, string, error) {
	var first *lockstep.UpstreamError
	var reasons []string
	for _, way := range weaker[policy] {
		err := r.endBy(ctx, way, customerID)
		refused, is := refusal(err)
		switch {
		case err == nil && first == nil:
			return way, nil, "", nil
		case err == nil:
			return way, first, strings.Join(reasons, "; ") + "; applied the policy " + string(way) + " instead", nil
		case !is:
			return "", nil, "", err
		}
		first, reasons = cmp.Or(first, refused), append(reasons, refused.Error())
	}
	if first == nil { // the policy keeps the billing
		return policy, nil, "", nil
	}
	r.Log.Error("STRIPE REFUSES TO END A BILLING, which goes on: end it in Stripe's dashboard; GET /v1/problems has the reasons",
		"account", r.account.String(), "customer", customerID, "policy", string(policy))
	return "", first, strings.Join(reasons, "; ") + "; the billing goes on", nil
}

// endBy ends the billing of a customer in one way.
func (r *run) endBy(ctx context.Context, way DeletionPolicy, customerID string) error {
	if way == DeleteCustomer {
		if err := r.Billing.DeleteCustomer(ctx, customerID); err != nil {
			return fmt.Errorf("delete customer: %w", err)
		}
		r.markCustomerDeleted(customerID)
		return nil
	}
	live, err := r.Billing.Subscriptions(ctx, customerID)
	if errors.Is(err, lockstep.ErrNotFound) {
		if c, look := r.Billing.Customer(ctx, customerID); look == nil && c.Deleted {
			r.markCustomerDeleted(customerID) // and its subscriptions were canceled
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("list subscriptions: %w", err)
	}
	var refusals []error
	for _, s := range live {
		end := r.cancelNow
		switch {
		case s.Ended(), way == EndSubscriptions && hasPeriod(s) && s.EndsWithPeriod():
			continue
		case way == EndSubscriptions && hasPeriod(s):
			end = r.endWithPeriod
		}
		r.scope |= lockstep.ScopeSubscriptions
		err := end(ctx, s)
		if _, refused := refusal(err); err != nil && !refused {
			return err
		}
		refusals = append(refusals, err)
	}
	err = r.cancelUnstarted(ctx, customerID)
	if _, refused := refusal(err); err != nil && !refused {
		return err
	}
	return errors.Join(append(refusals, err)...)
}

// cancelNow cancels a subscription. Should Stripe want the schedule that it runs under to be
// canceled instead, that cancels the subscription too.
func (r *run) cancelNow(ctx context.Context, s lockstep.Subscription) error {
	err := r.Billing.CancelSubscription(ctx, s.ID)
	if _, refused := refusal(err); refused && s.ScheduleID != "" {
		err = r.Billing.CancelSchedule(ctx, s.ScheduleID)
	}
	if err != nil {
		return fmt.Errorf("cancel subscription: %w", err)
	}
	return nil
}

// endWithPeriod has a subscription end with its paid period. While a schedule owns it (the
// portal creates one for each downgrade), Stripe refuses that. Releasing the schedule leaves
// the subscription on its current prices.
func (r *run) endWithPeriod(ctx context.Context, s lockstep.Subscription) error {
	if s.ScheduleID != "" {
		if err := r.Billing.ReleaseSchedule(ctx, s.ScheduleID); err != nil {
			return fmt.Errorf("release schedule: %w", err)
		}
	}
	if err := r.Billing.EndSubscription(ctx, s.ID); err != nil {
		return fmt.Errorf("end subscription: %w", err)
	}
	return nil
}

// cancelUnstarted cancels the schedules that would begin a subscription later.
func (r *run) cancelUnstarted(ctx context.Context, customerID string) error {
	ids, err := r.Billing.UnstartedSchedules(ctx, customerID)
	if err != nil {
		return fmt.Errorf("list schedules: %w", err)
	}
	for _, id := range ids {
		if err := r.Billing.CancelSchedule(ctx, id); err != nil {
			return fmt.Errorf("cancel schedule: %w", err)
		}
	}
	return nil
}

// hasPeriod reports whether a subscription has a period to end with: one that is not
// paid yet, not paid any more or paused has none.
func hasPeriod(s lockstep.Subscription) bool {
	return s.Status == "active" || s.Status == "trialing" || s.Status == "past_due"
}
