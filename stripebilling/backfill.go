package stripebilling

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// A cursor of a backfill's lists holds the id and the creation time of the last object.
// Stripe refuses the id of an object that has been deleted. The list then continues with
// the objects created at or before that time, and may repeat some.

// listing holds the parameters of a list request.
type listing interface {
	stripe.ListParamsContainer
	stripe.ParamsContainer
}

// browse reads a page of a list of all customers' objects. between sets the filter by
// creation time.
func (c *Client) browse(ctx context.Context, op, path string, params listing, between func(*stripe.RangeQueryParams),
	cursor string) (page []upstream.Object, next string, err error) {
	id, created, has := strings.Cut(cursor, ",")
	until, err := strconv.ParseInt(created, 10, 64)
	if has && err != nil {
		return nil, "", failed(op, fmt.Errorf("%q is not a cursor", cursor))
	}
	params.GetListParams().StartingAfter = optional(id)
	data, more, err := c.page(ctx, op, path, params)
	if errors.Is(err, lockstep.ErrNotFound) && id != "" {
		params.GetListParams().StartingAfter = nil
		between(&stripe.RangeQueryParams{LesserThanOrEqual: until})
		data, more, err = c.page(ctx, op, path, params)
	}
	if err != nil {
		return nil, "", err
	}
	page = data
	if !more {
		return page, "", nil
	}
	if len(page) == 0 || page[len(page)-1].Text("id") == id {
		return nil, "", failed(op, errors.New("the list has more objects, but no cursor"))
	}
	last := page[len(page)-1]
	return page, last.Text("id") + "," + strconv.FormatInt(last.Number("created"), 10), nil
}

// CustomersPage implements [lockstep.BackfillLists].
func (c *Client) CustomersPage(ctx context.Context, cursor string) (page []lockstep.Customer, next string, err error) {
	params := &stripe.CustomerListParams{}
	found, next, err := c.browse(ctx, "list customers", customers, params,
		func(r *stripe.RangeQueryParams) { params.CreatedRange = r }, cursor)
	for _, o := range found {
		page = append(page, customerOf(o))
	}
	return page, next, err
}

// SubscriptionsPage implements [lockstep.BackfillLists]. A subscription with more items
// than fit into the list takes another request.
func (c *Client) SubscriptionsPage(ctx context.Context,
	cursor string) (page []lockstep.Subscription, next string, err error) {
	const op = "list subscriptions"
	params := &stripe.SubscriptionListParams{Status: stripe.String("all")}
	found, next, err := c.browse(ctx, op, subscriptions, params,
		func(r *stripe.RangeQueryParams) { params.CreatedRange = r }, cursor)
	if err != nil {
		return nil, "", err
	}
	for _, o := range found {
		s, err := c.subscriptionOf(ctx, op, o)
		if err != nil {
			return nil, "", err
		}
		page = append(page, s)
	}
	return page, next, nil
}

// CompletedCheckouts implements [lockstep.BackfillLists].
func (c *Client) CompletedCheckouts(ctx context.Context,
	cursor string) (page []lockstep.Checkout, next string, err error) {
	params := &stripe.CheckoutSessionListParams{Status: stripe.String("complete")}
	found, next, err := c.browse(ctx, "list checkout sessions", checkoutSessions, params,
		func(r *stripe.RangeQueryParams) { params.CreatedRange = r }, cursor)
	for _, o := range found {
		page = append(page, checkoutOf(o))
	}
	return page, next, err
}

// stripeStart is before the creation of any customer at Stripe.
var stripeStart = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

// OldestCustomer implements [lockstep.BackfillLists], by bisection to a few days.
func (c *Client) OldestCustomer(ctx context.Context) (time.Time, error) {
	const op = "look for the oldest customer"
	low, high, found := stripeStart, time.Now(), time.Time{}
	for high.Sub(low) > 5*24*time.Hour {
		middle := low.Add(high.Sub(low) / 2)
		params := &stripe.CustomerListParams{CreatedRange: &stripe.RangeQueryParams{LesserThanOrEqual: middle.Unix()}}
		params.Limit = stripe.Int64(1)
		answer, err := c.call(ctx, op, http.MethodGet, customers, params)
		if err != nil {
			return time.Time{}, err
		}
		data, ok := answer.Array("data")
		switch {
		case !ok:
			return time.Time{}, failed(op, errNoList)
		case len(data) == 0:
			low = middle
		default:
			found = timeOf(upstream.Decode(data[0]), "created")
			high = found
		}
	}
	return found, nil
}

// searchParams are the parameters of a search. The SDK's own type cannot carry a context
// to [Client.call].
type searchParams struct {
	stripe.ListParams `form:"*"`
	Query             string `form:"query"`
}

// CustomersNaming implements [lockstep.BackfillLists].
func (c *Client) CustomersNaming(ctx context.Context, account lockstep.Account) (ids []string, err error) {
	var clauses []string
	for key, value := range lockstep.NamesOf(account) {
		clauses = append(clauses, fmt.Sprintf("metadata['%s']:'%s'", key, value))
	}
	slices.Sort(clauses)
	for _, list := range []struct{ path, id string }{{customers, "id"}, {subscriptions, "customer"}} {
		answer, err := c.call(ctx, "search for an account's customers", http.MethodGet, list.path+"/search",
			&searchParams{ListParams: stripe.ListParams{Limit: stripe.Int64(pageSize)}, Query: strings.Join(clauses, " OR ")})
		if err != nil {
			return nil, err
		}
		data, ok := answer.Array("data")
		if !ok {
			return nil, failed("search for an account's customers", errNoList)
		}
		for _, raw := range data {
			if id := reference(upstream.Decode(raw), list.id); id != "" {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
