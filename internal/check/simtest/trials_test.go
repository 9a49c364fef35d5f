package simtest

import (
	"net/http"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// trialFor starts a checkout of pro with the catalog's trial, pays it, and returns the days of the trial.
func (w *world) trialFor(account, user string) int64 {
	w.t.Helper()
	var session struct {
		ID        string
		TrialDays int64 `json:"trial_days"`
	}
	status, err := w.call(w.t.Context(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
		map[string]any{"account": account, "lookup_key": "pro", "success_url": "https://app.test/", "paid_by": user},
		&session)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("checkout: %d %v", status, err)
	}
	if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(time.Minute)
	return session.TrialDays
}

// TestATrialForEachAddress (C20): deleting the account grants no second trial, by the policy. Neither does a tag in
// the address, changing it, or an organization. Another person gets their own.
func TestATrialForEachAddress(t *testing.T) {
	for rule, again := range map[lockstep.TrialRule]int64{"": 7, lockstep.TrialPerAccount: 7, lockstep.TrialPerEmail: 0} {
		t.Run("rule "+string(rule), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) {
					c.Buying.Policy.TrialsPer = rule
					c.Deletion.ForgetAfter = time.Hour
					withTrial(c)
				})
				signUp := func(email string) string {
					id := w.mustSignUp(email)
					time.Sleep(time.Minute)
					return id
				}
				ada := signUp("ada@example.com")
				if days := w.trialFor("user/"+ada, ""); days != 7 {
					t.Errorf("the first trial has %d days", days)
				}
				if err := w.sim.DeleteUser(ada); err != nil {
					t.Fatal(err)
				}
				time.Sleep(24 * time.Hour) // and the data is forgotten
				if days := w.trialFor("user/"+signUp("ada@example.com"), ""); days != again {
					t.Errorf("the same address: %d days, want %d", days, again)
				}
				if days := w.trialFor("user/"+signUp("Ada+2@example.com"), ""); days != again {
					t.Errorf("the same address with a tag: %d days, want %d", days, again)
				}
				dora := signUp("dora@example.com")
				w.trialFor("user/"+dora, "")
				if err := w.sim.UpdateUser(dora, "theodora@example.com", "Dora", "King"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if err := w.sim.DeleteUser(dora); err != nil {
					t.Fatal(err)
				}
				time.Sleep(24 * time.Hour)
				for _, email := range []string{"dora@example.com", "theodora@example.com"} {
					if days := w.trialFor("user/"+signUp(email), ""); days != again {
						t.Errorf("after changing the address to %s: %d days, want %d", email, days, again)
					}
				}
				eve := signUp("eve@example.com")
				org, err := w.sim.CreateOrganization("Engines", eve)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if days := w.trialFor("organization/"+org.ID, eve); days != 7 {
					t.Errorf("another person: %d days", days)
				}
				if days := w.trialFor("user/"+eve, ""); days != again {
					t.Errorf("after an organization's trial: %d days, want %d", days, again)
				}
			})
		})
	}
}
