package simtest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// calm runs a test in a world in which nothing happens at random.
func calm(t *testing.T, test func(t *testing.T, w *world), changes ...func(*simulator.Config)) {
	t.Parallel()
	dir := scratch(t)
	synctest.Test(t, func(t *testing.T) {
		w := create(t, 1, dir, false, changes...)
		defer w.destroy()
		test(t, w)
	})
}

func (w *world) mustSignUp(email string) (userID string) {
	user, err := w.sim.SignUp(simulator.SignUp{Email: email, FirstName: "Ada", LastName: "Lovelace"})
	if err != nil {
		w.t.Fatal(err)
	}
	return user.ID
}

// mustBuy starts a checkout through Lockstep and pays it.
func (w *world) mustBuy(account, lookupKey string) (sessionID string) {
	return w.mustBuyAs(account, lookupKey, "")
}

// mustBuyAs is mustBuy by a user for an organization.
func (w *world) mustBuyAs(account, lookupKey, user string) (sessionID string) {
	var session struct{ ID string }
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
		map[string]any{"account": account, "lookup_key": lookupKey, "success_url": "https://app.test/", "paid_by": user},
		&session)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("checkout: %d %v", status, err)
	}
	if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
		w.t.Fatal(err)
	}
	return session.ID
}

// stripe posts a form to the Stripe simulator, as someone at the dashboard or a payment link would.
func (w *world) stripe(path string, form url.Values, out any) {
	request, err := http.NewRequest(http.MethodPost, "http://"+stripeHost+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+stripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, err := w.send(request, out); err != nil || status != http.StatusOK {
		w.t.Fatalf("POST %s: %d %v", path, status, err)
	}
}

func (w *world) ask(account string) answer {
	var a answer
	if status, err := w.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/accounts/"+account, apiKey,
		nil, &a); err != nil || status != http.StatusOK {
		w.t.Fatalf("ask for %s: %d %v", account, status, err)
	}
	return a
}

// parked counts the parked events by reason.
func (w *world) parked() map[string]int {
	page, err := w.service.store.Events(context.Background(), lockstep.EventFilter{Status: lockstep.EventParked,
		Limit: 200})
	if err != nil {
		w.t.Fatal(err)
	}
	reasons := map[string]int{}
	for _, e := range page.Events {
		reasons[e.Reason]++
	}
	return reasons
}
