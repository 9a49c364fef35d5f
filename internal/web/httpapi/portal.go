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
		Account        string `json:"account,omitempty" example:"user/user_2x" doc:"Servers must say; a session token means its user unless it names its active organization"`
		ReturnURL      string `json:"return_url" format:"uri"`
		Flow           string `json:"flow,omitempty" enum:"cancel,update,payment_method" doc:"Straight to one action, and back when it is done"`
		SubscriptionID string `json:"subscription_id,omitempty" doc:"Of the flows cancel and update; the one that counts if left out"`
		Customer       string `json:"customer,omitempty" maxLength:"255" example:"cus_x" doc:"For servers: a proven customer of the account. Left out: the primary one, or another that is billed where the primary one has no running subscription"`
	}
}

type portalOutput struct {
	Body struct {
		URL string `json:"url" doc:"Send the customer there"`
	}
}

// flows are the flows by the names that the API gives them.
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
	request := lockstep.PortalRequest{ReturnURL: in.Body.ReturnURL, Configuration: a.PortalConfiguration,
		Flow: flows[in.Body.Flow]}
	if request.CustomerID, err = portalCustomer(ctx, record, in.Body.Customer); err != nil {
		return nil, err
	}
	subscription, err := a.subscriptionOf(record, request.Flow, in.Body.SubscriptionID)
	if err != nil {
		return nil, err
	}
	if subscription.ID != "" {
		request.SubscriptionID, request.CustomerID = subscription.ID, subscription.CustomerID
	}
	out := &portalOutput{}
	var upstream *lockstep.UpstreamError
	switch out.Body.URL, err = a.Stripe.StartPortal(ctx, request); {
	case request.Flow != "" && errors.As(err, &upstream) && upstream.Rejected():
		a.Log.ErrorContext(ctx, "open portal", "flow", string(request.Flow), "error", err)
		return nil, refusedUpstream(http.StatusConflict,
			"the portal's configuration may not allow the flow "+in.Body.Flow+" for this customer; ", upstream)
	case err != nil:
		return nil, a.problem(ctx, "open portal", err)
	}
	return out, nil
}

// portalCustomer is the customer whose portal is opened: the one that is billed, or the proven
// one that a server names. A claimed customer's portal would show a stranger's invoices.
func portalCustomer(ctx context.Context, record lockstep.Record, named string) (string, error) {
	switch {
	case named != "" && !callerOf(ctx).server:
		return "", huma.Error403Forbidden("customer: only a server may name one; leave it out")
	case named == "" && record.Live():
		return billed(record), nil
	case named == "":
		return "", huma.Error409Conflict("this account has no customer yet: begin a checkout first")
	}
	for _, l := range record.Customers() {
		if l.CustomerID == named && l.Trust == lockstep.Proven {
			return named, nil
		}
	}
	return "", huma.Error404NotFound("customer: this account has no proven customer " + named +
		" that Stripe has not deleted")
}

// billed is the primary customer, or, if that has no subscription that has not ended, a proven
// one that has: whoever is charged must be able to see and cancel it.
func billed(record lockstep.Record) string {
	for _, l := range record.Customers() { // the primary one first
		live := func(s lockstep.Subscription) bool { return s.CustomerID == l.CustomerID && !s.Ended() }
		if l.Trust == lockstep.Proven && slices.ContainsFunc(record.Subscriptions, live) {
			return l.CustomerID
		}
	}
	return record.CustomerID
}

// subscriptionOf is the subscription that a flow is about: the named one, if it is
// the account's, or the one that counts. It is one of a proven customer, since the
// portal shows the customer as well.
func (a *API) subscriptionOf(record lockstep.Record, flow lockstep.PortalFlow,
	named string) (lockstep.Subscription, error) {
	if flow != lockstep.PortalCancel && flow != lockstep.PortalUpdate {
		if named != "" {
			return lockstep.Subscription{}, huma.Error422UnprocessableEntity(
				"subscription_id goes with flow cancel or update only")
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
		return lockstep.Subscription{}, huma.Error404NotFound("this account has no such subscription that has not ended")
	}
	return lockstep.Subscription{}, huma.Error409Conflict("this account has no subscription that has not ended")
}
