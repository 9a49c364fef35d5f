package stripebilling

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

const subscriptions = "/v1/subscriptions"

// Subscriptions returns all subscriptions of a customer, including ended ones, newest
// first. It makes one request, unless there are more than 100 subscriptions or one has more
// items than fit into the list.
func (c *Client) Subscriptions(ctx context.Context, customerID string) ([]lockstep.Subscription, error) {
	const op = "list subscriptions"
	if customerID == "" { // Stripe would list the subscriptions of all customers
		return nil, failed(op, errors.New("the customer id is empty"))
	}
	var found []upstream.Object
	params := &stripe.SubscriptionListParams{Customer: stripe.String(customerID), Status: stripe.String("all"),
		Expand: stripe.StringSlice([]string{"data.latest_invoice"})}
	err := c.all(ctx, op, subscriptions, params, "", func(o upstream.Object) { found = append(found, o) })
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

// Subscription returns a subscription, even if it has ended.
func (c *Client) Subscription(ctx context.Context, id string) (lockstep.Subscription, error) {
	const op = "read subscription"
	path, err := at(op, subscriptions, id)
	if err != nil {
		return lockstep.Subscription{}, err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.SubscriptionRetrieveParams{
		Expand: stripe.StringSlice([]string{"latest_invoice"})})
	if err != nil {
		return lockstep.Subscription{}, err
	}
	return c.subscriptionOf(ctx, op, o)
}

// SetQuantity implements [lockstep.Billing]. If an immediate payment fails, neither the
// quantity nor the subscription's status changes.
func (c *Client) SetQuantity(ctx context.Context, subscriptionID, itemID string, quantity int64,
	proration lockstep.SeatProration) error {
	const op = "change quantity"
	path, err := at(op, subscriptions, subscriptionID)
	if err != nil {
		return err
	}
	if itemID == "" || quantity < 1 {
		return failed(op, errors.New("the item id is empty or the quantity is less than 1"))
	}
	_, err = c.one(ctx, op, http.MethodPost, path, &stripe.SubscriptionUpdateParams{
		Items: []*stripe.SubscriptionUpdateItemParams{{ID: stripe.String(itemID),
			Quantity: stripe.Int64(quantity)}},
		ProrationBehavior: stripe.String(cmp.Or(string(proration), string(lockstep.ProrateWithNextInvoice))),
		PaymentBehavior:   stripe.String("error_if_incomplete"),
	})
	return err
}

// EndSubscription implements [lockstep.Billing]. Stripe refuses to change a subscription
// that has ended, which counts as success.
func (c *Client) EndSubscription(ctx context.Context, id string) error {
	const op = "end subscription"
	path, err := at(op, subscriptions, id)
	if err != nil {
		return err
	}
	_, refused := c.one(ctx, op, http.MethodPost, path,
		&stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: stripe.Bool(true)})
	return c.unlessOver(ctx, id, refused, lockstep.Subscription.EndsWithPeriod)
}

// unlessOver returns the error of a refused change, unless a look at the subscription shows
// that it has ended or already has the wanted state.
func (c *Client) unlessOver(ctx context.Context, id string, refused error,
	done func(lockstep.Subscription) bool) error {
	var e *lockstep.UpstreamError
	if !errors.As(refused, &e) || !e.Rejected() {
		return refused
	}
	s, err := c.Subscription(ctx, id)
	switch {
	case err != nil:
		return err
	case s.Ended() || done(s):
		return nil
	}
	return refused
}

// CancelSubscription ends a subscription now. Stripe refuses to cancel a subscription that
// has ended, which counts as success.
func (c *Client) CancelSubscription(ctx context.Context, id string) error {
	const op = "cancel subscription"
	path, err := at(op, subscriptions, id)
	if err != nil {
		return err
	}
	_, refused := c.one(ctx, op, http.MethodDelete, path, &stripe.SubscriptionCancelParams{})
	return c.unlessOver(ctx, id, refused, lockstep.Subscription.Ended)
}

func (c *Client) subscriptionOf(ctx context.Context, op string, o upstream.Object) (lockstep.Subscription, error) {
	metadata := metadataOf(o)
	s := lockstep.Subscription{
		ID:                o.Text("id"),
		CustomerID:        reference(o, "customer"),
		Status:            o.Text("status"),
		CancelAtPeriodEnd: o.Flag("cancel_at_period_end"),
		CancelAt:          timeOf(o, "cancel_at"),
		CanceledAt:        timeOf(o, "canceled_at"),
		EndedAt:           timeOf(o, "ended_at"),
		TrialEnd:          timeOf(o, "trial_end"),
		CreatedAt:         timeOf(o, "created"),
		ScheduleID:        reference(o, "schedule"),
		InvoiceID:         reference(o, "latest_invoice"),
		PaidBy:            lockstep.PayerNamedIn(metadata),
		Metadata:          metadata,
	}
	readInvoice(&s, o.Object("latest_invoice"))
	if s.ID == "" {
		return s, failed(op, errors.New("a subscription has no id"))
	}
	var err error
	s.Items, err = c.items(ctx, op, o.Object("items"), func() (string, stripe.ListParamsContainer) {
		return "/v1/subscription_items", &stripe.SubscriptionItemListParams{Subscription: stripe.String(s.ID)}
	})
	return s, err
}

// readInvoice reads the latest invoice into s: what it bills, and, if it is open, what it owes.
func readInvoice(s *lockstep.Subscription, invoice upstream.Object) {
	s.LatestInvoice = invoiceOf(invoice)
	if invoice.Text("status") != "open" {
		return
	}
	s.InvoiceURL = invoice.Text("hosted_invoice_url")
	if invoice.Text("collection_method") == "send_invoice" {
		s.InvoiceDue = timeOf(invoice, "due_date")
	} else { // Stripe first tries to charge when it finalizes the invoice
		s.TriedAt = timeOf(invoice.Object("status_transitions"), "finalized_at")
	}
}

// items reads a list that is embedded in an object. If the list is incomplete, it reads the
// rest with the path and parameters of rest.
func (c *Client) items(ctx context.Context, op string, list upstream.Object,
	rest func() (string, stripe.ListParamsContainer)) ([]lockstep.Item, error) {
	data, ok := list.Objects("data")
	if !ok {
		return nil, failed(op, errors.New("the answer has no items"))
	}
	var items []lockstep.Item
	for _, o := range data {
		items = append(items, itemOf(o))
	}
	if !list.Flag("has_more") {
		return items, nil
	}
	if len(items) == 0 || items[len(items)-1].ID == "" {
		return nil, failed(op, errors.New("the list has more items, but no cursor"))
	}
	path, params := rest()
	err := c.all(ctx, op, path, params, items[len(items)-1].ID,
		func(o upstream.Object) { items = append(items, itemOf(o)) })
	return items, err
}

// itemOf reads an item of a subscription or of a checkout session.
func itemOf(o upstream.Object) lockstep.Item {
	price := o.Object("price")
	product := productOf(price.Object("product"))
	item := lockstep.Item{
		ID:          o.Text("id"),
		PriceID:     reference(o, "price"),
		LookupKey:   price.Text("lookup_key"),
		ProductID:   reference(price, "product"),
		ProductPlan: product.Plan,
		Quantity:    o.Number("quantity"),
		PeriodStart: timeOf(o, "current_period_start"),
		PeriodEnd:   timeOf(o, "current_period_end"),
	}
	if item.ProductPlan == "" {
		item.ProductPlan = product.Name
	}
	return item
}
