package stripebilling_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// While a schedule owns a subscription, Stripe refuses to end the subscription. After the
// release it can end. Ending a schedule again is no error; ending an unknown one is.
func TestSchedules(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	web := httptest.NewServer(sim.StripeHandler())
	defer web.Close()
	post := func(path string, form url.Values) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+path,
			strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := web.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, response.Status)
		}
	}
	c := create(t, client, user)
	bought(t, sim, client, "pro", lockstep.CheckoutRequest{Account: user, CustomerID: c.ID, Quantity: 1})
	id := sim.Subscriptions()[0].ID
	post("/v1/subscription_schedules", url.Values{"from_subscription": {id}})
	post("/v1/subscription_schedules", url.Values{"customer": {c.ID},
		"start_date":                 {strconv.FormatInt(sim.Now().Add(1000*time.Hour).Unix(), 10)},
		"phases[0][items][0][price]": {sim.Prices()[0].ID}})

	s, err := client.Subscription(t.Context(), id)
	if err != nil || s.ScheduleID == "" {
		t.Fatalf("%+v %v", s, err)
	}
	var refused *lockstep.UpstreamError
	if err := client.EndSubscription(t.Context(), id); !errors.As(err, &refused) || !refused.Rejected() {
		t.Errorf("under a schedule: %v", err)
	}
	for range 2 {
		if err := client.ReleaseSchedule(t.Context(), s.ScheduleID); err != nil {
			t.Errorf("release: %v", err)
		}
	}
	if err := client.EndSubscription(t.Context(), id); err != nil {
		t.Errorf("once released: %v", err)
	}
	unstarted, err := client.UnstartedSchedules(t.Context(), c.ID)
	if err != nil || len(unstarted) != 1 {
		t.Fatalf("unstarted: %v %v", unstarted, err)
	}
	for range 2 {
		if err := client.CancelSchedule(t.Context(), unstarted[0]); err != nil {
			t.Errorf("cancel: %v", err)
		}
	}
	if left, err := client.UnstartedSchedules(t.Context(), c.ID); err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if err := client.ReleaseSchedule(t.Context(), "sub_sched_none"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
	if _, err := client.UnstartedSchedules(t.Context(), ""); err == nil {
		t.Error("everybody's are listed")
	}
}
