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
	if customerID == "" { // Stripe would list everybody's
		return nil, failed(op, errors.New("there is no customer to list them for"))
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

// endSchedule makes a call after which the schedule is over. Stripe refuses it for a schedule
// that already is; then the schedule itself is asked.
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
