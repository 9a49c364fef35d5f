package simtest

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// row is an account in the list of accounts.
type row struct {
	Account, Status, Plan, Concern string
	ConcernWhy                     string `json:"concern_why"`
}

// listed returns an account's row in the list of accounts.
func (w *world) listed(account string) (found row) {
	w.t.Helper()
	var page struct{ Data []row }
	status, err := w.call(context.Background(), http.MethodGet,
		"http://"+serviceHost+"/v1/accounts?limit=1&q="+url.QueryEscape(account), apiKey, nil, &page)
	if err != nil || status != http.StatusOK || len(page.Data) != 1 || page.Data[0].Account != account {
		w.t.Errorf("the list has %+v for %s: %d %v", page.Data, account, status, err)
		return row{}
	}
	return page.Data[0]
}

// checkStanding: the stored standing of an account that is in sync says what the API answers. Payment and access
// agree, unless all that grants access is past due.
func (c *checker) checkStanding(account string) {
	a, known := c.answers[account]
	if !known {
		return
	}
	want := row{Account: account, Status: a.Access.Status, Plan: a.Access.Plan}
	paid := false
	for _, r := range a.Access.Reasons {
		paid = paid || r.Grants && r.Status != "past_due"
	}
	if a.Access.Active && !paid {
		want.Concern, want.ConcernWhy = string(lockstep.AccessWithoutPayment), string(lockstep.OnlyGrace)
	}
	if got := c.listed(account); got != want {
		c.wrong("the standing is %+v, want %+v", got, want)
	}
}

// TestARefusedTokenIsAConcern: the directory refuses to write that access began, and later that it ended. Each is
// named until the directory has it.
func TestARefusedTokenIsAConcern(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		account := "user/" + ada
		time.Sleep(time.Minute)
		refuse := func() int {
			return w.sim.AddFault(simulator.Fault{Side: "clerk", Method: http.MethodPatch, Path: "/v1/users/*/metadata",
				Times: 1000, Status: http.StatusUnprocessableEntity, Code: "form_param_invalid"})
		}
		is := func(when string, want row) {
			t.Helper()
			want.Account = account
			if got := w.listed(account); got != want {
				t.Errorf("%s: %+v, want %+v", when, got, want)
			}
		}
		is("at first", row{Status: "none"})
		refuse()
		w.mustBuy(account, "pro")
		time.Sleep(time.Minute)
		is("bought, and the token does not say so", row{Status: "active", Plan: "pro",
			Concern: "payer_without_access", ConcernWhy: "metadata_refused"})
		w.sim.ClearFaults()
		w.sync(account)
		is("the token says so", row{Status: "active", Plan: "pro"})
		refuse()
		if err := w.sim.CancelSubscription(w.sim.Subscriptions()[0].ID, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		is("ended, and the token still grants", row{Status: "canceled",
			Concern: "access_without_payment", ConcernWhy: "removal_refused"})
		w.sim.ClearFaults()
		w.sync(account)
		is("the token grants nothing", row{Status: "canceled"})
	})
}
