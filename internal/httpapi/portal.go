package httpapi

import (
	"context"
	"errors"
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
	if err := a.checkReturn(ctx, in.Body.ReturnURL); err != nil {
		return nil, err
	}
	record, _, err := a.known(ctx, account, a.Store.Account)
	if err != nil {
		return nil, err
	}
	if !record.Live() {
		return nil, huma.Error409Conflict("this account has no customer yet: begin a checkout first")
	}
	request := lockstep.PortalRequest{CustomerID: record.CustomerID, ReturnURL: in.Body.ReturnURL,
		Configuration: a.PortalConfiguration, Flow: flows[in.Body.Flow]}
	if request.SubscriptionID, err = a.subscriptionOf(record, request.Flow, in.Body.SubscriptionID); err != nil {
		return nil, err
	}
	out := &portalOutput{}
	var upstream *lockstep.UpstreamError
	switch out.Body.URL, err = a.Till.StartPortal(ctx, request); {
	case request.Flow != "" && errors.As(err, &upstream) && upstream.Rejected():
		a.Log.ErrorContext(ctx, "open portal", "flow", string(request.Flow), "error", err)
		return nil, huma.Error409Conflict("Stripe refused the flow " + in.Body.Flow + " for this customer: does the portal's configuration allow it?")
	case err != nil:
		return nil, a.problem(ctx, "open portal", err)
	}
	return out, nil
}

// subscriptionOf is the subscription that a flow is about: the named one, if it is
// the account's, or the one that counts.
func (a *API) subscriptionOf(record lockstep.Record, flow lockstep.PortalFlow, named string) (string, error) {
	if flow != lockstep.PortalCancel && flow != lockstep.PortalUpdate {
		if named != "" {
			return "", huma.Error422UnprocessableEntity("subscription_id goes with flow cancel or update only")
		}
		return "", nil
	}
	id := named
	if id == "" {
		id = a.Catalog.Decide(record.Subscriptions, record.Licenses, time.Now()).SubscriptionID
	}
	live := slices.ContainsFunc(record.Subscriptions, func(s lockstep.Subscription) bool {
		return s.ID == id && !s.Ended() && s.CustomerID == record.CustomerID
	})
	switch {
	case live:
		return id, nil
	case named != "":
		return "", huma.Error404NotFound("this account has no such subscription that has not ended")
	}
	return "", huma.Error409Conflict("this account has no subscription that has not ended")
}
