package stripebilling

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

const schedules = "/v1/subscription_schedules"

// UnstartedSchedules implements [lockstep.Billing].
func (c *Client) UnstartedSchedules(ctx context.Context, customerID string) (ids []string, err error) {
	const op = "list schedules"
	if customerID == "" { // Stripe would list the schedules of all customers
		return nil, failed(op, errors.New("the customer id is empty"))
	}
	params := &stripe.SubscriptionScheduleListParams{Customer: stripe.String(customerID), Scheduled: stripe.Bool(true)}
	err = c.all(ctx, op, schedules, params, "", func(o upstream.Object) {
		if o.Text("status") == "not_started" {
			ids = append(ids, o.Text("id"))
		}
	})
	return ids, err
}

// ReleaseSchedule implements [lockstep.Billing].
func (c *Client) ReleaseSchedule(ctx context.Context, id string) error {
	return c.endSchedule(ctx, "release schedule", id, "/release", &stripe.SubscriptionScheduleReleaseParams{})
}

// CancelSchedule implements [lockstep.Billing].
func (c *Client) CancelSchedule(ctx context.Context, id string) error {
	return c.endSchedule(ctx, "cancel schedule", id, "/cancel", &stripe.SubscriptionScheduleCancelParams{})
}

// endSchedule makes a request that ends a schedule. Stripe refuses it for a schedule that
// has already ended, which counts as success. So after a refusal we read the schedule.
func (c *Client) endSchedule(ctx context.Context, op, id, how string, params stripe.ParamsContainer) error {
	path, err := at(op, schedules, id)
	if err != nil {
		return err
	}
	_, refused := c.one(ctx, op, http.MethodPost, path+how, params)
	var e *lockstep.UpstreamError
	if !errors.As(refused, &e) || !e.Rejected() {
		return refused
	}
	schedule, err := c.one(ctx, op, http.MethodGet, path, &stripe.SubscriptionScheduleRetrieveParams{})
	if err != nil {
		return err
	}
	switch schedule.Text("status") {
	case "released", "canceled", "completed":
		return nil
	}
	return refused
}
