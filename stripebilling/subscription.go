package stripebilling

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/stripe/stripe-go/v86"
)

const subscriptions = "/v1/subscriptions"

// Subscriptions returns all subscriptions of a customer, ended ones too, newest
// first: one request unless there are more than 100, or one has so many items
// that Stripe lists them apart.
func (c *Client) Subscriptions(ctx context.Context, customerID string) ([]lockstep.Subscription, error) {
	const op = "list subscriptions"
	if customerID == "" { // Stripe would list everybody's
		return nil, failed(op, errors.New("there is no customer to list them for"))
	}
	var found []object
	params := &stripe.SubscriptionListParams{Customer: stripe.String(customerID), Status: stripe.String("all")}
	err := c.all(ctx, op, subscriptions, params, "", func(o object) { found = append(found, o) })
	if err != nil {
		return nil, err
	}
	list := make([]lockstep.Subscription, len(found))
	for i, o := range found {
		if list[i], err = c.subscriptionOf(ctx, op, o); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Subscription returns a subscription, also an ended one.
func (c *Client) Subscription(ctx context.Context, id string) (lockstep.Subscription, error) {
	const op = "read subscription"
	path, err := at(op, subscriptions, id)
	if err != nil {
		return lockstep.Subscription{}, err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.SubscriptionRetrieveParams{})
	if err != nil {
		return lockstep.Subscription{}, err
	}
	return c.subscriptionOf(ctx, op, o)
}

// CancelSubscription ends a subscription now. Stripe refuses to cancel what has
// ended; then the subscription itself is asked, and having ended is success.
func (c *Client) CancelSubscription(ctx context.Context, id string) error {
	const op = "cancel subscription"
	path, err := at(op, subscriptions, id)
	if err != nil {
		return err
	}
	_, refused := c.one(ctx, op, http.MethodDelete, path, &stripe.SubscriptionCancelParams{})
	var upstream *lockstep.UpstreamError
	if !errors.As(refused, &upstream) || !upstream.Rejected() {
		return refused
	}
	s, err := c.Subscription(ctx, id)
	switch {
	case err != nil:
		return err
	case s.Ended():
		return nil
	}
	return refused
}

func (c *Client) subscriptionOf(ctx context.Context, op string, o object) (lockstep.Subscription, error) {
	metadata := o.metadata()
	s := lockstep.Subscription{
		ID:                o.text("id"),
		CustomerID:        o.reference("customer"),
		Status:            o.text("status"),
		CancelAtPeriodEnd: o.flag("cancel_at_period_end"),
		CancelAt:          o.time("cancel_at"),
		CanceledAt:        o.time("canceled_at"),
		EndedAt:           o.time("ended_at"),
		TrialEnd:          o.time("trial_end"),
		CreatedAt:         o.time("created"),
		PaidBy:            payer(metadata),
		Metadata:          metadata,
	}
	if s.ID == "" {
		return s, failed(op, errors.New("a subscription has no id"))
	}
	var err error
	s.Items, err = c.items(ctx, op, o.object("items"), func() (string, stripe.ListParamsContainer) {
		return "/v1/subscription_items", &stripe.SubscriptionItemListParams{Subscription: stripe.String(s.ID)}
	})
	return s, err
}

// items reads a list that came with the object it belongs to, and the rest of it
// from where rest says.
func (c *Client) items(ctx context.Context, op string, list object, rest func() (string, stripe.ListParamsContainer)) ([]lockstep.Item, error) {
	data, ok := list.array("data")
	if !ok {
		return nil, failed(op, errors.New("the items are missing"))
	}
	var items []lockstep.Item
	for _, raw := range data {
		items = append(items, itemOf(decode(raw)))
	}
	if !list.flag("has_more") {
		return items, nil
	}
	if len(items) == 0 || items[len(items)-1].ID == "" {
		return nil, failed(op, errors.New("there are more items, but not said where"))
	}
	path, params := rest()
	err := c.all(ctx, op, path, params, items[len(items)-1].ID, func(o object) { items = append(items, itemOf(o)) })
	return items, err
}

// itemOf reads an item of a subscription or of a checkout session.
func itemOf(o object) lockstep.Item {
	price := o.object("price")
	product := productOf(price.object("product"))
	item := lockstep.Item{
		ID:          o.text("id"),
		PriceID:     o.reference("price"),
		LookupKey:   price.text("lookup_key"),
		ProductID:   price.reference("product"),
		ProductPlan: product.Plan,
		Quantity:    o.number("quantity"),
		PeriodStart: o.time("current_period_start"),
		PeriodEnd:   o.time("current_period_end"),
	}
	if item.ProductPlan == "" {
		item.ProductPlan = product.Name
	}
	return item
}
