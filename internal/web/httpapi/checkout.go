package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/checkouts"
)

type checkoutInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"Makes a retry safe: a key never starts a second checkout, even where the same may be bought again"`
	Body           struct {
		Account    string `json:"account,omitempty" example:"user/user_2x" doc:"Who pays. Required from servers; a session token pays for its user unless it names its active organization"`
		Price      string `json:"price,omitempty" doc:"Id of a Stripe price; give this or lookup_key"`
		LookupKey  string `json:"lookup_key,omitempty" doc:"Lookup key of an active price"`
		Quantity   int64  `json:"quantity,omitempty" minimum:"1" maximum:"100000" doc:"Default: 1"`
		SuccessURL string `json:"success_url" format:"uri" doc:"May contain {CHECKOUT_SESSION_ID}. The redirect proves nothing; wait for access"`
		CancelURL  string `json:"cancel_url,omitempty" format:"uri"`
		PaidBy     string `json:"paid_by,omitempty" doc:"From servers, for an organization: the user who pays"`
		TrialDays  int64  `json:"trial_days,omitempty" minimum:"1" maximum:"730" doc:"From servers only. Default: the plan's trial"`
		Again      bool   `json:"again,omitempty" doc:"From servers only: allow the account to buy what it already has"`
	}
}

type checkoutOutput struct {
	Body struct {
		ID         string    `json:"id" doc:"Id of the checkout session (cs_…), or of the open invoice (in_…)"`
		URL        string    `json:"url" doc:"Send the buyer to this page"`
		CustomerID string    `json:"customer_id"`
		ExpiresAt  time.Time `json:"expires_at"`
		Reused     bool      `json:"reused" doc:"The same request started this checkout earlier and it is still open, or the URL is the open invoice of a subscription that was started elsewhere"`
		TrialDays  int64     `json:"trial_days,omitempty" doc:"Days of trial of a new checkout"`
	}
}

func (a *API) startCheckout(ctx context.Context, in *checkoutInput) (*checkoutOutput, error) {
	account, err := a.payer(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	if (in.Body.Price == "") == (in.Body.LookupKey == "") {
		return nil, huma.Error422UnprocessableEntity("price or lookup_key: give exactly one")
	}
	if err := cmp.Or(a.checkReturn(ctx, "success_url", in.Body.SuccessURL),
		a.checkReturn(ctx, "cancel_url", in.Body.CancelURL)); err != nil {
		return nil, err
	}
	order, err := newOrder(callerOf(ctx), account, in)
	if err != nil {
		return nil, err
	}
	started, err := a.Buying.Checkouts.Start(ctx, order)
	if err != nil {
		return nil, a.refused(ctx, "start checkout", err)
	}
	out := &checkoutOutput{}
	out.Body.ID, out.Body.URL, out.Body.CustomerID = started.Checkout.ID, started.Checkout.URL, started.CustomerID
	out.Body.ExpiresAt = started.Checkout.ExpiresAt.UTC()
	out.Body.Reused, out.Body.TrialDays = started.Reused, started.TrialDays
	return out, nil
}

// newOrder is the order of a request. A browser cannot set what only a server may decide.
func newOrder(from caller, account lockstep.Account, in *checkoutInput) (checkouts.Order, error) {
	order := checkouts.Order{Account: account, PriceID: in.Body.Price, LookupKey: in.Body.LookupKey,
		Quantity:   max(in.Body.Quantity, 1),
		SuccessURL: in.Body.SuccessURL, CancelURL: in.Body.CancelURL, TrialDays: in.Body.TrialDays, Again: in.Body.Again,
		FromServer: from.server, IdempotencyKey: in.IdempotencyKey}
	paidBy := in.Body.PaidBy
	if !from.server {
		if in.Body.TrialDays != 0 || in.Body.Again || paidBy != "" {
			return order, huma.Error403Forbidden("trial_days, again and paid_by: only a server may set them; leave them out")
		}
		paidBy = from.session.UserID
	}
	if account.Kind == lockstep.Organization {
		order.PaidBy = paidBy
	}
	return order, nil
}

// statusOf maps the code of a refusal to the status of the answer.
var statusOf = map[string]int{
	checkouts.Unlisted:                 http.StatusForbidden,
	checkouts.NoPrice:                  http.StatusUnprocessableEntity,
	checkouts.Invalid:                  http.StatusUnprocessableEntity,
	checkouts.UnknownAccount:           http.StatusNotFound,
	checkouts.DeletedAccount:           http.StatusConflict,
	checkouts.NoCustomer:               http.StatusConflict,
	checkouts.TrialUsed:                http.StatusConflict,
	checkouts.Busy:                     http.StatusServiceUnavailable,
	string(lockstep.AlreadySubscribed): http.StatusConflict,
	string(lockstep.OtherSubscription): http.StatusConflict,
	string(lockstep.AlreadyBought):     http.StatusConflict,
	string(lockstep.PaymentUnderWay):   http.StatusConflict,
}

// refused answers a refusal with its code as the problem type, so that programs need not parse the
// text.
func (a *API) refused(ctx context.Context, doing string, err error) error {
	var refusal *checkouts.RefusedError
	if !errors.As(err, &refusal) {
		return a.problem(ctx, doing, err)
	}
	status := statusOf[refusal.Code]
	return &huma.ErrorModel{Type: "urn:lockstep:" + refusal.Code, Title: http.StatusText(status), Status: status,
		Detail: refusal.Text}
}

// payer returns the account that pays, if the caller may spend its money.
func (a *API) payer(ctx context.Context, named string) (lockstep.Account, error) {
	from := callerOf(ctx)
	if named == "" {
		if from.server {
			return lockstep.Account{}, huma.Error422UnprocessableEntity(`account: it is missing; a server must say who pays, for example "user/user_2x…"`)
		}
		named = lockstep.Account{Kind: lockstep.User, ID: from.session.UserID}.String()
	}
	account, err := lockstep.ParseAccount(named)
	if err != nil {
		return account, huma.Error422UnprocessableEntity("account: " + err.Error())
	}
	roles := a.Callers.BuyerRoles
	if len(roles) == 0 {
		roles = []string{"admin"}
	}
	if !from.mayBuyFor(account, roles) {
		return account, huma.Error403Forbidden("account: a session token can buy only for its own user, or for its active organization if the user has a role that may buy (buying.roles)")
	}
	return account, a.foreign(account)
}
