package simharness

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator"
)

// Populate creates n customers with a paid monthly subscription each.
func Populate(tb testing.TB, sim *simulator.Simulator, n int) {
	tb.Helper()
	price := sim.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro", Amount: 2900, Interval: "month"})
	for i := range n {
		customer := Field(tb, Post(tb, sim, "/v1/customers",
			fmt.Sprintf("email=user%d@example.com&name=User+%d&metadata[clerk_user_id]=user_%d"+
				"&payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa", i, i, i)), "id")
		Post(tb, sim, "/v1/subscriptions", "customer="+customer+"&items[0][price]="+price+"&metadata[clerk_user_id]="+fmt.Sprintf("user_%d", i))
	}
}

// Post posts a form to Stripe's API and returns the body.
func Post(tb testing.TB, sim *simulator.Simulator, path, form string) []byte {
	tb.Helper()
	request := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "http://sim"+path, strings.NewReader(form))
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
	answer := httptest.NewRecorder()
	sim.StripeHandler().ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		tb.Fatalf("POST %s %s: %d %s", path, form, answer.Code, answer.Body)
	}
	return answer.Body.Bytes()
}

// Field reads a top-level string of an indented JSON answer.
func Field(tb testing.TB, answer []byte, name string) string {
	tb.Helper()
	_, rest, found := strings.Cut(string(answer), "\n  \""+name+"\": \"")
	value, _, closed := strings.Cut(rest, `"`)
	if !found || !closed {
		tb.Fatalf("no %s in %s", name, answer)
	}
	return value
}
