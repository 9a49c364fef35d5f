package main

import (
	"cmp"
	"context"
	"net/url"
	"time"
)

// accountsCommand finds and lists accounts.
type accountsCommand struct {
	remote
	Text     string `arg:"" optional:"" help:"An account (user/user_2x), the beginning of its id or e-mail address, or a whole id of Stripe: cus_, sub_, and of licenses pi_ and cs_." placeholder:"TEXT"`
	Status   string `help:"Only accounts whose access has this status: active, past_due, licensed, none." placeholder:"STATUS" example:"past_due"`
	Plan     string `help:"Only accounts on this plan." placeholder:"PLAN" example:"pro"`
	Concern  string `help:"Only accounts whose payment and access disagree, the longest first: payer_without_access or access_without_payment." enum:"any,payer_without_access,access_without_payment" default:"any"`
	Kind     string `help:"Only accounts of this kind: user or organization." enum:"any,user,organization" default:"any"`
	State    string `help:"Only accounts in this state: active or deleted." enum:"any,active,deleted" default:"any"`
	Problems bool   `help:"Only accounts with a step that a provider rejected."`
	Limit    int    `help:"Print at most so many accounts." placeholder:"N" default:"100"`
	After    string `help:"Continue after this cursor, which the page before printed." placeholder:"CURSOR" example:"eyJpIjoieCJ9"`
	JSON     bool   `help:"Print each account as a JSON object on a line."`
}

// listedAccount is an account in the API's answer.
type listedAccount struct {
	Account, Email, State, Status, Plan, Customer, Concern, Matched string

	ConcernWhy   string     `json:"concern_why"`
	ConcernSince *time.Time `json:"concern_since"`
}

// Run prints a line for each account.
func (c *accountsCommand) Run(ctx context.Context, in *surroundings) error {
	list := pages{remote: c.remote, path: "/v1/accounts", query: url.Values{}, cursor: "after", limit: c.Limit}
	setGiven(list.query, map[string]string{"q": c.Text, "status": c.Status, "plan": c.Plan, "concern": c.Concern,
		"kind": c.Kind, "state": c.State, "after": c.After})
	if c.Problems {
		list.query.Set("problems", "true")
	}
	return table[listedAccount]{json: c.JSON, none: "No accounts.",
		head: "account\te-mail\tstatus\tplan\tcustomer\tconcern\tmatched", row: listedAccount.row}.show(ctx, in, list)
}

// row is an account in a table.
func (a listedAccount) row() string {
	status := cmp.Or(a.Status, "unknown")
	if a.State == "deleted" {
		status = "deleted"
	}
	return row(a.Account, cmp.Or(a.Email, "-"), status, cmp.Or(a.Plan, "-"), cmp.Or(a.Customer, "-"), a.concern(),
		cmp.Or(a.Matched, "-"))
}

// concern says how payment and access disagree.
func (a listedAccount) concern() string {
	if a.Concern == "" {
		return "-"
	}
	text := a.Concern + " (" + a.ConcernWhy
	if a.ConcernSince != nil {
		text += " since " + a.ConcernSince.UTC().Format(time.DateTime)
	}
	return text + ")"
}
