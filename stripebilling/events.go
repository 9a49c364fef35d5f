package stripebilling

import (
	"context"
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/stripe/stripe-go/v86"
)

// EventsSince returns a page of up to 100 events since a time, newest first. next is the
// cursor of the next page, and empty at the end. Stripe keeps events for 30 days, each in
// the API version of its creation. If the event of the cursor is gone, it returns
// ErrNotFound; start over then.
//
// Each hint's Event.Body holds the exact bytes from Stripe.
func (c *Client) EventsSince(ctx context.Context, since time.Time,
	cursor string) (hints []lockstep.Hint, next string, err error) {
	const op = "list events"
	params := &stripe.EventListParams{CreatedRange: createdSince(since)}
	params.StartingAfter = optional(cursor)
	answer, err := c.pageOf(ctx, op, "/v1/events", params)
	if err != nil {
		return nil, "", err
	}
	data, ok := answer.Array("data")
	if !ok {
		return nil, "", failed(op, errNoList)
	}
	for _, raw := range data {
		hint, err := Read(raw, Environment{Live: c.Live()})
		if err != nil {
			return nil, "", failed(op, err)
		}
		hint.Event.Origin = lockstep.Scanned
		hints = append(hints, hint)
	}
	if !answer.Flag("has_more") {
		return hints, "", nil
	}
	if len(hints) == 0 || hints[len(hints)-1].Event.ID == cursor {
		return nil, "", failed(op, errors.New("the list has more objects, but no cursor"))
	}
	return hints, hints[len(hints)-1].Event.ID, nil
}
