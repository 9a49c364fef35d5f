package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

type portalInput struct {
	Body struct {
		Account        string `json:"account,omitempty" example:"user/user_2x" doc:"Whose portal. Required from servers; a session token means its user unless it names its active organization"`
		ReturnURL      string `json:"return_url" format:"uri" doc:"Where Stripe sends the customer afterwards"`
		Flow           string `json:"flow,omitempty" enum:"cancel,update,payment_method" doc:"Open one action directly, and return when it is done"`
		SubscriptionID string `json:"subscription_id,omitempty" doc:"For the flows cancel and update. Default: the subscription that gives the plan"`
		Customer       string `json:"customer,omitempty" maxLength:"255" example:"cus_x" doc:"From servers: a proven customer of the account. Default: the primary one, or another with a running subscription if the primary one has none"`
	}
}

type portalOutput struct {
	Body struct {
		URL string `json:"url" doc:"Send the customer to this page"`
	}
}

// flows maps the API's names of the flows.
var flows = map[string]lockstep.PortalFlow{"": "", "cancel": lockstep.PortalCancel, "update": lockstep.PortalUpdate,
	"payment_method": lockstep.PortalPaymentMethod}

func (a *API) startPortal(ctx context.Context, in *portalInput) (*portalOutput, error) {
	account, err := a.payer(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	if err := a.checkReturn(ctx, "return_url", in.Body.ReturnURL); err != nil {
		return nil, err
	}
	record, _, err := a.known(ctx, account, a.Store.Account)
	if err != nil {
		return nil, err
	}
	request, err := a.portalRequest(ctx, record, in)
	if err != nil {
		return nil, err
	}
	out := &portalOutput{}
	var upstream *lockstep.UpstreamError
	switch out.Body.URL, err = a.Buying.Stripe.StartPortal(ctx, request); {
	case request.Flow != "" && errors.As(err, &upstream) && upstream.Rejected():
		a.Log.ErrorContext(ctx, "open portal", "flow", string(request.Flow), "error", err)
		return nil, refusedUpstream(http.StatusConflict,
			"flow: the portal's configuration may not allow "+in.Body.Flow+" for this customer; ", upstream)
	case err != nil:
		return nil, a.problem(ctx, "open portal", err)
	}
	return out, nil
}

// portalRequest decides which customer and subscription the portal shows.
func (a *API) portalRequest(ctx context.Context, record lockstep.Record,
	in *portalInput) (request lockstep.PortalRequest, err error) {
	request = lockstep.PortalRequest{ReturnURL: in.Body.ReturnURL, Configuration: a.Buying.PortalConfiguration,
		Flow: flows[in.Body.Flow]}
	if request.CustomerID, err = portalCustomer(ctx, record, in.Body.Customer); err != nil {
		return request, err
	}
	subscription, err := a.subscriptionOf(record, request.Flow, in.Body.SubscriptionID)
	if subscription.ID != "" {
		request.SubscriptionID, request.CustomerID = subscription.ID, subscription.CustomerID
	}
	return request, err
}

// portalCustomer returns the customer whose portal to open: the one that is billed, or the proven one
// that a server names. A claimed customer's portal could show a stranger's invoices.
func portalCustomer(ctx context.Context, record lockstep.Record, named string) (string, error) {
	switch {
	case named != "" && !callerOf(ctx).server:
		return "", huma.Error403Forbidden("customer: only a server may set it; leave it out")
	case named == "" && record.Live():
		return billed(record), nil
	case named == "":
		return "", huma.Error409Conflict("the account has no customer yet; start a checkout first")
	}
	for _, l := range record.Customers() {
		if l.CustomerID == named && l.Trust == lockstep.Proven {
			return named, nil
		}
	}
	return "", huma.Error404NotFound("customer: " + named + " is not a proven customer of the account, or it is deleted at Stripe")
}

// billed is the primary customer, unless it has no running subscription and a further proven one has:
// whoever is charged must be able to see and cancel that.
func billed(record lockstep.Record) string {
	for _, l := range record.Customers() { // the primary one first
		live := func(s lockstep.Subscription) bool { return s.CustomerID == l.CustomerID && !s.Ended() }
		if l.Trust == lockstep.Proven && slices.ContainsFunc(record.Subscriptions, live) {
			return l.CustomerID
		}
	}
	return record.CustomerID
}

// subscriptionOf returns the subscription of a flow: the named one, or the one that gives the plan. It
// must belong to a proven customer, because the portal shows the customer as well.
func (a *API) subscriptionOf(record lockstep.Record, flow lockstep.PortalFlow,
	named string) (lockstep.Subscription, error) {
	if flow != lockstep.PortalCancel && flow != lockstep.PortalUpdate {
		if named != "" {
			return lockstep.Subscription{}, huma.Error422UnprocessableEntity(
				"subscription_id: it is only for the flows cancel and update; leave it out")
		}
		return lockstep.Subscription{}, nil
	}
	id := named
	if id == "" {
		id = a.Catalog.Decide(record.Own().Subscriptions, record.Licenses, time.Now()).SubscriptionID
	}
	at := slices.IndexFunc(record.Subscriptions, func(s lockstep.Subscription) bool {
		return s.ID == id && !s.Ended() && slices.ContainsFunc(record.Customers(), func(l lockstep.Link) bool {
			return l.CustomerID == s.CustomerID && l.Trust == lockstep.Proven
		})
	})
	switch {
	case at >= 0:
		return record.Subscriptions[at], nil
	case named != "":
		return lockstep.Subscription{}, huma.Error404NotFound("subscription_id: " + named + " is not a running subscription of the account")
	}
	return lockstep.Subscription{}, huma.Error409Conflict("the account has no running subscription")
}
