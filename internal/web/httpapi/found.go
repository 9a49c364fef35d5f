package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// searchStore is the part of the store that finds accounts, and counts those that need a person.
type searchStore interface {
	FindAccounts(ctx context.Context, filter lockstep.AccountFilter) (lockstep.AccountPage, error)
	Attention(ctx context.Context, paying []string) (lockstep.Attention, error)
}

func (a *API) searchRoutes(api huma.API) {
	add(section{api, "Accounts", a}, route{"list-accounts", http.MethodGet, "/v1/accounts", readers, 0,
		"Find accounts by what you have, or list them by filter"}, a.findAccounts)
	add(section{api, "Operating", a}, route{"get-overview", http.MethodGet, "/v1/overview", readers, 0,
		"Count what needs a person: who pays without access first"}, a.overview)
}

type accountsQuery struct {
	Text     string `query:"q" maxLength:"320" example:"ada@example.com" doc:"An account (user/user_2x), the beginning of its id or e-mail address in any case, or the whole id of a customer (cus_), subscription (sub_), payment (pi_) or checkout session (cs_). Only licenses have payments and sessions"`
	Kind     string `query:"kind" enum:"user,organization," doc:"Absent: both"`
	State    string `query:"state" enum:"active,deleted," doc:"Absent: both"`
	Status   string `query:"status" maxLength:"64" example:"past_due" doc:"Status of the access in the last saved run: Stripe's, licensed or none"`
	Plan     string `query:"plan" maxLength:"200" doc:"Plan of the access in the last saved run"`
	Concern  string `query:"concern" enum:"payer_without_access,access_without_payment," doc:"Only accounts whose payment and access disagree like this, the longest first"`
	Problems bool   `query:"problems" doc:"Only accounts with a step that a provider rejected"`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	After    string `query:"after" maxLength:"2000" doc:"The value of next of the previous page of the same search"`
}

type foundView struct {
	Account      string     `json:"account" example:"user/user_2x"`
	Email        string     `json:"email,omitempty"`
	Name         string     `json:"name,omitempty"`
	State        string     `json:"state" enum:"active,deleted"`
	Status       string     `json:"status,omitempty" doc:"Status of the access in the last saved run; absent if no run has concluded since the upgrade to a version that stores it"`
	Plan         string     `json:"plan,omitempty"`
	Concern      string     `json:"concern,omitempty" enum:"payer_without_access,access_without_payment" doc:"How payment and access disagree"`
	ConcernWhy   string     `json:"concern_why,omitempty" enum:"deletion_refused,metadata_refused,in_grace,plan_unlisted,removal_refused"`
	ConcernSince *time.Time `json:"concern_since,omitempty"`
	Problems     bool       `json:"problems" doc:"Whether a provider rejected a step; see the account"`
	Customer     string     `json:"customer,omitempty" example:"cus_x" doc:"The primary customer"`
	UpdatedAt    time.Time  `json:"updated_at"`
	Matched      string     `json:"matched,omitempty" enum:"account,email,customer,further_customer,subscription,payment,checkout" doc:"What matched q"`
}

func viewFound(all []lockstep.FoundAccount) []foundView {
	views := []foundView{}
	for _, a := range all {
		s := a.Standing
		views = append(views, foundView{Account: a.Account.String(), Email: a.Email, Name: a.Name, State: string(a.State),
			Status: s.Status, Plan: s.Plan, Concern: string(s.Concern), ConcernWhy: string(s.Why), ConcernSince: orNil(s.Since),
			Problems: a.Problems, Customer: a.CustomerID, UpdatedAt: a.UpdatedAt.UTC(), Matched: string(a.Matched)})
	}
	return views
}

type accountsPage struct {
	Body struct {
		Data []foundView `json:"data"`
		Next string      `json:"next,omitempty" doc:"Absent at the end. A page may have fewer accounts than the limit, or none, and still a next"`
	}
}

func (a *API) findAccounts(ctx context.Context, in *accountsQuery) (*accountsPage, error) {
	page, err := a.Store.FindAccounts(ctx, lockstep.AccountFilter{Text: strings.TrimSpace(in.Text),
		Kind: lockstep.Kind(in.Kind), State: lockstep.AccountState(in.State), Status: in.Status, Plan: in.Plan,
		Concern: lockstep.Concern(in.Concern), Problems: in.Problems, Limit: in.Limit, After: in.After})
	if err != nil {
		return nil, a.problem(ctx, "find accounts", err)
	}
	out := &accountsPage{}
	out.Body.Data, out.Body.Next = viewFound(page.Accounts), page.Next
	return out, nil
}
