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
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"Makes a retry safe where the same may be bought again: the checkout that it began is never begun a second time"`
	Body           struct {
		Account    string `json:"account,omitempty" example:"user/user_2x" doc:"Who pays. Servers must say; a session token pays for its user unless it names its active organization"`
		Price      string `json:"price,omitempty" doc:"Stripe price id; or lookup_key"`
		LookupKey  string `json:"lookup_key,omitempty" doc:"Lookup key of an active price"`
		Quantity   int64  `json:"quantity,omitempty" minimum:"1" maximum:"100000" doc:"1 if left out"`
		SuccessURL string `json:"success_url" format:"uri" doc:"May hold {CHECKOUT_SESSION_ID}. The redirect proves nothing: wait for the access"`
		CancelURL  string `json:"cancel_url,omitempty" format:"uri"`
		PaidBy     string `json:"paid_by,omitempty" doc:"For an organization, from servers: the user who pays"`
		TrialDays  int64  `json:"trial_days,omitempty" minimum:"1" maximum:"730" doc:"From servers only; the plan's if left out"`
		Again      bool   `json:"again,omitempty" doc:"From servers only: sell also what the account has already"`
	}
}

type checkoutOutput struct {
	Body struct {
		ID         string    `json:"id" doc:"Of the checkout session (cs_…), or of the invoice (in_…) to be paid"`
		URL        string    `json:"url" doc:"Send the buyer there"`
		CustomerID string    `json:"customer_id"`
		ExpiresAt  time.Time `json:"expires_at"`
		Reused     bool      `json:"reused" doc:"The same request had begun this checkout before, and it is still open; or the URL is the page of the open invoice of a subscription that was begun elsewhere"`
		TrialDays  int64     `json:"trial_days,omitempty" doc:"That a new checkout comes with"`
	}
}

func (a *API) startCheckout(ctx context.Context, in *checkoutInput) (*checkoutOutput, error) {
	account, err := a.payer(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	if (in.Body.Price == "") == (in.Body.LookupKey == "") {
		return nil, huma.Error422UnprocessableEntity("give either price or lookup_key")
	}
	if err := cmp.Or(a.checkReturn(ctx, "success_url", in.Body.SuccessURL),
		a.checkReturn(ctx, "cancel_url", in.Body.CancelURL)); err != nil {
		return nil, err
	}
	from := callerOf(ctx)
	paidBy := in.Body.PaidBy
	if !from.server {
		if in.Body.TrialDays != 0 || in.Body.Again || paidBy != "" {
			return nil, huma.Error403Forbidden("only servers may set trial_days, again or paid_by")
		}
		paidBy = from.session.UserID
	}
	order := checkouts.Order{Account: account, PriceID: in.Body.Price, LookupKey: in.Body.LookupKey,
		Quantity:   max(in.Body.Quantity, 1),
		SuccessURL: in.Body.SuccessURL, CancelURL: in.Body.CancelURL, TrialDays: in.Body.TrialDays, Again: in.Body.Again,
		FromServer: from.server, IdempotencyKey: in.IdempotencyKey}
	if account.Kind == lockstep.Organization {
		order.PaidBy = paidBy
	}
	begun, err := a.Checkouts.Begin(ctx, order)
	if err != nil {
		return nil, a.refused(ctx, "begin checkout", err)
	}
	out := &checkoutOutput{}
	out.Body.ID, out.Body.URL, out.Body.CustomerID = begun.Checkout.ID, begun.Checkout.URL, begun.CustomerID
	out.Body.ExpiresAt, out.Body.Reused, out.Body.TrialDays = begun.Checkout.ExpiresAt.UTC(), begun.Reused, begun.TrialDays
	return out, nil
}

// statusOf is how a refusal is answered.
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

// refused answers a refusal with its code as the problem's type, so that programs
// need not read the text.
func (a *API) refused(ctx context.Context, doing string, err error) error {
	var refusal *checkouts.RefusedError
	if !errors.As(err, &refusal) {
		return a.problem(ctx, doing, err)
	}
	status := statusOf[refusal.Code]
	return &huma.ErrorModel{Type: "urn:lockstep:" + refusal.Code, Title: http.StatusText(status), Status: status,
		Detail: refusal.Text}
}

// payer is the account that a request is about, if the caller may spend for it.
func (a *API) payer(ctx context.Context, named string) (lockstep.Account, error) {
	from := callerOf(ctx)
	if named == "" {
		if from.server {
			return lockstep.Account{}, huma.Error422UnprocessableEntity(`say which account: "account": "user/user_…"`)
		}
		named = lockstep.Account{Kind: lockstep.User, ID: from.session.UserID}.String()
	}
	account, err := lockstep.ParseAccount(named)
	if err != nil {
		return account, huma.Error422UnprocessableEntity(err.Error())
	}
	roles := a.BuyerRoles
	if len(roles) == 0 {
		roles = []string{"admin"}
	}
	if !from.mayBuyFor(account, roles) {
		return account, huma.Error403Forbidden("a session token buys only for its own user, or for the active organization in which the user has a role that may buy")
	}
	return account, a.foreign(account)
}
