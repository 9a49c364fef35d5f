package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// customerPatience is how long a checkout waits for its customer: the worker
// creates it under the account's lease, so that two checkouts never make two.
const customerPatience = 10 * time.Second

type checkoutInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"The same key begins the same checkout, for 24 hours"`
	Body           struct {
		Account    string `json:"account,omitempty" example:"user/user_2x" doc:"Who pays. Servers must say; a session token pays for its user unless it names its active organization"`
		Price      string `json:"price,omitempty" doc:"Stripe price id; or lookup_key"`
		LookupKey  string `json:"lookup_key,omitempty" doc:"Lookup key of an active price"`
		Quantity   int64  `json:"quantity,omitempty" minimum:"1" maximum:"100000" doc:"1 if left out"`
		SuccessURL string `json:"success_url" format:"uri" doc:"May hold {CHECKOUT_SESSION_ID}. The redirect proves nothing: wait for the access"`
		CancelURL  string `json:"cancel_url,omitempty" format:"uri"`
		PaidBy     string `json:"paid_by,omitempty" doc:"For an organization, from servers: the user who pays"`
		TrialDays  int64  `json:"trial_days,omitempty" minimum:"1" maximum:"730" doc:"From servers only"`
	}
}

type checkoutOutput struct {
	Body struct {
		ID         string    `json:"id"`
		URL        string    `json:"url" doc:"Send the buyer there"`
		CustomerID string    `json:"customer_id"`
		ExpiresAt  time.Time `json:"expires_at"`
	}
}

func (a *API) startCheckout(ctx context.Context, in *checkoutInput) (*checkoutOutput, error) {
	account, err := payer(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	if (in.Body.Price == "") == (in.Body.LookupKey == "") {
		return nil, huma.Error422UnprocessableEntity("give either price or lookup_key")
	}
	from := callerOf(ctx)
	paidBy := in.Body.PaidBy
	if !from.server {
		if !a.Catalog.Sells(in.Body.Price, in.Body.LookupKey) {
			return nil, huma.Error403Forbidden("a session token can only buy what the catalog names")
		}
		if in.Body.TrialDays != 0 || paidBy != "" {
			return nil, huma.Error403Forbidden("only servers may set trial_days or paid_by")
		}
		if err := a.checkReturn(in.Body.SuccessURL, in.Body.CancelURL); err != nil {
			return nil, err
		}
		paidBy = from.session.UserID
	}
	request := lockstep.CheckoutRequest{Account: account,
		PriceID: in.Body.Price, LookupKey: in.Body.LookupKey, Quantity: max(in.Body.Quantity, 1),
		SuccessURL: in.Body.SuccessURL, CancelURL: in.Body.CancelURL, TrialDays: in.Body.TrialDays}
	if account.Kind == lockstep.Organization {
		request.PaidBy = paidBy
	}
	if in.IdempotencyKey != "" {
		request.IdempotencyKey = "lockstep:checkout:" + account.String() + ":" + in.IdempotencyKey
	}
	session, customerID, err := a.checkout(ctx, request)
	if err != nil {
		return nil, err
	}
	out := &checkoutOutput{}
	out.Body.ID, out.Body.URL, out.Body.CustomerID = session.ID, session.URL, customerID
	out.Body.ExpiresAt = session.ExpiresAt.UTC()
	return out, nil
}

// checkout begins the session for the account's customer. A customer that was
// deleted in Stripe behind our back is noticed here, and replaced once.
func (a *API) checkout(ctx context.Context, request lockstep.CheckoutRequest) (lockstep.CheckoutSession, string, error) {
	var scope lockstep.Scope
	for {
		customerID, err := a.customer(ctx, request.Account, scope)
		if err != nil {
			return lockstep.CheckoutSession{}, "", err
		}
		request.CustomerID = customerID
		session, err := a.Till.StartCheckout(ctx, request)
		switch {
		case err == nil:
			return session, customerID, nil
		case errors.Is(err, lockstep.ErrNotFound) && scope == 0:
			scope = lockstep.ScopeCustomer
		case errors.Is(err, lockstep.ErrNotFound):
			return session, "", huma.Error422UnprocessableEntity("Stripe has no such active price")
		default:
			return session, "", a.problem(ctx, "begin checkout", err)
		}
	}
}

// customer returns the account's customer. If there is none, or scope asks for a
// look, the worker is told and waited for.
func (a *API) customer(ctx context.Context, account lockstep.Account, scope lockstep.Scope) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, customerPatience)
	defer cancel()
	record, err := a.Store.Account(ctx, account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", a.problem(ctx, "read account", err)
	}
	if record.State == lockstep.AccountDeleted {
		return "", huma.Error409Conflict("the account was deleted in the directory")
	}
	if scope == 0 && record.Live() {
		return record.CustomerID, nil
	}
	mark := lockstep.Mark{Key: account.Key(), Scope: scope | lockstep.ScopeIdentity | lockstep.ScopePurchase, Priority: lockstep.Interactive}
	if err := a.Store.Mark(ctx, mark); err != nil {
		return "", a.problem(ctx, "mark account", err)
	}
	a.Wake()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		work, err := a.Store.Work(ctx, account.Key())
		if err != nil {
			return "", a.problem(ctx, "read work", err)
		}
		record, err := a.Store.Account(ctx, account)
		switch {
		case err != nil && !errors.Is(err, lockstep.ErrNotFound):
			return "", a.problem(ctx, "read account", err)
		case err == nil && record.Live() && (scope == 0 || !work.Pending()):
			return record.CustomerID, nil
		case !work.Pending() && work.Disposition == lockstep.Parked:
			return "", huma.Error404NotFound("the directory does not know this account")
		case !work.Pending():
			return "", huma.Error409Conflict(fmt.Sprintf("no customer could be made for this account: %s", work.Reason))
		}
		select {
		case <-ctx.Done():
			return "", a.problem(ctx, "wait for customer", ctx.Err())
		case <-look.C:
		}
	}
}

type portalInput struct {
	Body struct {
		Account   string `json:"account,omitempty" example:"user/user_2x" doc:"Servers must say; a session token means its user unless it names its active organization"`
		ReturnURL string `json:"return_url" format:"uri"`
	}
}

type portalOutput struct {
	Body struct {
		URL string `json:"url" doc:"Send the customer there"`
	}
}

func (a *API) startPortal(ctx context.Context, in *portalInput) (*portalOutput, error) {
	account, err := payer(ctx, in.Body.Account)
	if err != nil {
		return nil, err
	}
	if !callerOf(ctx).server {
		if err := a.checkReturn(in.Body.ReturnURL); err != nil {
			return nil, err
		}
	}
	record, err := a.Store.Account(ctx, account)
	if err != nil {
		return nil, a.problem(ctx, "read account", err)
	}
	if !record.Live() {
		return nil, huma.Error409Conflict("this account has no customer yet: begin a checkout first")
	}
	out := &portalOutput{}
	if out.Body.URL, err = a.Till.StartPortal(ctx, record.CustomerID, in.Body.ReturnURL); err != nil {
		return nil, a.problem(ctx, "open portal", err)
	}
	return out, nil
}

// payer is the account that a request is about, if the caller may spend for it.
func payer(ctx context.Context, named string) (lockstep.Account, error) {
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
	if !from.mayBuyFor(account) {
		return account, huma.Error403Forbidden("a session token buys only for its own user, or for the active organization that the user administers")
	}
	return account, nil
}

// checkReturn refuses URLs that would send a browser to somebody else.
func (a *API) checkReturn(urls ...string) error {
	for _, raw := range urls {
		if raw == "" {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil || !slices.Contains(a.ReturnOrigins, u.Scheme+"://"+u.Host) || u.User != nil {
			return huma.Error422UnprocessableEntity("a URL to come back to is not at one of the configured return origins")
		}
	}
	return nil
}
