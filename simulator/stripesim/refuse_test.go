package stripesim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// limitedBench is a bench whose simulator enforces rate limits.
func limitedBench(t *testing.T, f func(b *bench)) {
	t.Helper()
	inBubble(t, func(t *testing.T, b *bench) {
		sim, err := simulator.New(simulator.Config{RateLimits: true})
		if err != nil {
			t.Fatal(err)
		}
		b.HTTP.Transport.(simharness.Network)[simharness.StripeHost] = sim.StripeHandler()
		f(&bench{&simharness.Bench{Simulator: sim, T: t, HTTP: b.HTTP,
			Stripe: simharness.StripeClient(simharness.StripeHost, b.HTTP)}})
	})
}

func TestTheTwentySixthRequestOfASecondIsRefusedAndNotExecuted(t *testing.T) {
	t.Parallel()
	limitedBench(t, func(b *bench) {
		for range 25 {
			if response, _ := b.Send("POST", simharness.StripeHost+"/v1/customers", nil, ""); response.StatusCode != http.StatusOK {
				t.Fatalf("within the limit: %d", response.StatusCode)
			}
		}
		response, failure := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), "")
		if response.StatusCode != http.StatusTooManyRequests ||
			response.Header.Get("Stripe-Rate-Limited-Reason") != "endpoint-rate" ||
			simharness.Hash(failure, "error")["code"] != "rate_limit" || response.Header.Get("Stripe-Should-Retry") != "" {
			t.Errorf("beyond the limit: %d %v %v", response.StatusCode, response.Header, failure)
		}
		if response, _ := b.Send("GET", simharness.StripeHost+"/v1/customers", nil,
			""); response.Header.Get("Stripe-Rate-Limited-Reason") != "global-rate" {
			t.Errorf("another operation: %d %v", response.StatusCode, response.Header)
		}
		if got := len(b.Customers()); got != 25 {
			t.Errorf("%d customers, want 25", got)
		}
		b.Advance(time.Hour) // limits do not use the billing clock
		if response, _ := b.Send("GET", simharness.StripeHost+"/v1/customers", nil,
			""); response.StatusCode != http.StatusTooManyRequests {
			t.Errorf("the billing clock lifts the limit: %d", response.StatusCode)
		}
		time.Sleep(time.Second)
		if response, _ := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), ""); response.StatusCode != http.StatusOK ||
			response.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("a second later, with the key that met the limit: %d %v", response.StatusCode, response.Header)
		}
	})
}

func TestSearchAndSingleObjectsHaveLimitsOfTheirOwn(t *testing.T) {
	t.Parallel()
	limitedBench(t, func(b *bench) {
		for range 20 {
			b.Send("GET", simharness.StripeHost+"/v1/customers/search?query=email:'a'", nil, "")
		}
		if response, _ := b.Send("GET", simharness.StripeHost+"/v1/customers/search?query=email:'a'", nil,
			""); response.Header.Get("Stripe-Rate-Limited-Reason") != "endpoint-rate" {
			t.Errorf("the 21st search: %d %v", response.StatusCode, response.Header)
		}
		time.Sleep(time.Second)
		_, intent := b.Send("POST", simharness.StripeHost+"/v1/payment_intents", nil, "amount=500&currency=usd")
		url := simharness.StripeHost + "/v1/payment_intents/" + intent["id"].(string)
		for i := range 1000 {
			if i%20 == 0 {
				time.Sleep(time.Second)
			}
			if response, failure := b.Send("POST", url, nil, "description=x"); response.StatusCode != http.StatusOK {
				t.Fatalf("update %d: %d %v", i, response.StatusCode, failure)
			}
		}
		time.Sleep(time.Second)
		if response, _ := b.Send("POST", url, nil, "description=x"); response.Header.Get(
			"Stripe-Rate-Limited-Reason") != "resource-specific" {
			t.Errorf("the 1001st update in an hour: %d %v", response.StatusCode, response.Header)
		}
		time.Sleep(time.Hour)
		if response, _ := b.Send("POST", url, nil, "description=x"); response.StatusCode != http.StatusOK {
			t.Errorf("an hour later: %d", response.StatusCode)
		}
	})
}

func TestWhatIsNoRequestOfTheAPIIsRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		id := b.Customer("a@example.com").ID
		form, json := "application/x-www-form-urlencoded; charset=utf-8", "application/json"
		for name, try := range map[string]struct {
			method, path, key, kind, body string
			status                        int
			message                       string
		}{
			"JSON": {"POST", "/v1/customers", simulator.DefaultStripeKey, json, `{"email":"a@example.com"}`, 400,
				"Invalid request (check that your POST content type is application/x-www-form-urlencoded)"},
			"broken form": {"POST", "/v1/customers", simulator.DefaultStripeKey, form, "email=%zz", 400,
				"Invalid form encoding"},
			"broken name": {"POST", "/v1/customers", simulator.DefaultStripeKey, form, "metadata[a=b", 400,
				"Invalid parameter name"},
			"PUT": {"PUT", "/v1/customers/" + id, simulator.DefaultStripeKey, form, "", 404,
				"Unrecognized request URL (PUT: /v1/customers/" + id + ")"},
			"PATCH": {"PATCH", "/v1/customers/" + id, simulator.DefaultStripeKey, form, "", 404,
				"Unrecognized request URL"},
			"OPTIONS": {"OPTIONS", "/v1/customers", simulator.DefaultStripeKey, form, "", 404,
				"Unrecognized request URL"},
			"unknown path":   {"GET", "/v1/bogus", simulator.DefaultStripeKey, form, "", 404, "Unrecognized request URL"},
			"trailing slash": {"GET", "/v1/customers/", simulator.DefaultStripeKey, form, "", 404, "Unrecognized request URL"},
			"second API": {"POST", "/v2/core/event_destinations", simulator.DefaultStripeKey, json, "{}", 404,
				"The simulator does not support the v2 API"},
			"no key": {"GET", "/v1/customers", "", form, "", 401, "You did not provide an API key"},
			"wrong key": {"GET", "/v1/customers", "sk_test_strange", form, "", 401,
				"Invalid API Key provided: sk_test_***ange"},
			"live key":        {"GET", "/v1/customers", "sk_live_x", form, "", 401, "This is a simulator"},
			"live restricted": {"GET", "/v1/customers", "rk_live_x", form, "", 401, "This is a simulator"},
			"restricted": {"GET", "/v1/customers", "rk_test_abcdefgh", form, "", 403,
				"does not have the required permissions"},
			"publishable": {"GET", "/v1/customers", "pk_test_x", form, "", 401,
				"This API call cannot be made with a publishable API key"},
			"too large": {"POST", "/v1/customers", simulator.DefaultStripeKey, form, strings.Repeat("x", 1<<20+1),
				413, ""},
			"page": {"GET", "/bogus", "", form, "", 404, ""},
		} {
			request, err := http.NewRequestWithContext(t.Context(), try.method, simharness.StripeHost+try.path,
				strings.NewReader(try.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", try.kind)
			if try.key != "" {
				request.Header.Set("Authorization", "Bearer "+try.key)
			}
			response, body := b.Do(request)
			if response.StatusCode != try.status || !strings.Contains(body, try.message) ||
				response.Header.Get(simulator.MarkHeader) != "stripe" {
				t.Errorf("%s: %d %q %s", name, response.StatusCode, response.Header.Get(simulator.MarkHeader), body)
			}
			if strings.HasPrefix(try.path, "/v1/") && try.status != 413 &&
				(response.Header.Get("Request-Id") == "" || response.Header.Get("Stripe-Should-Retry") != "false") {
				t.Errorf("%s: headers %v", name, response.Header)
			}
		}
		if got := len(b.Customers()); got != 1 {
			t.Errorf("%d customers: something was executed", got)
		}
		tooLarge := func(e simulator.Entry) bool { return e.Status == http.StatusRequestEntityTooLarge }
		if got := b.CountRequests(tooLarge); got != 1 {
			t.Errorf("%d entries of the history tell of the body that was too large", got)
		}
		basic, err := http.NewRequestWithContext(t.Context(), http.MethodGet, simharness.StripeHost+"/v1/customers/"+id,
			http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		basic.SetBasicAuth(simulator.DefaultStripeKey, "")
		if response, body := b.Do(basic); response.StatusCode != http.StatusOK {
			t.Errorf("basic authentication: %d %s", response.StatusCode, body)
		}
	})
}

func TestALockTimeoutAsksToTryAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.AddFault(simulator.Fault{Side: "stripe", Status: 429, Code: "lock_timeout",
			Header: http.Header{"Stripe-Should-Retry": {"true"}}, Times: 1})
		response, failure := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), "")
		if response.StatusCode != http.StatusTooManyRequests || simharness.Hash(failure, "error")["code"] != "lock_timeout" ||
			simharness.Hash(failure, "error")["type"] != "invalid_request_error" ||
			response.Header.Get("Stripe-Rate-Limited-Reason") != "" || response.Header.Get("Stripe-Should-Retry") != "true" {
			t.Errorf("%d %v %v", response.StatusCode, response.Header, failure)
		}
		if response, _ := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), ""); response.StatusCode != http.StatusOK {
			t.Errorf("again: %d", response.StatusCode)
		}
	})
}

func TestLimitsOfAListAreChecked(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for query, want := range map[string]string{"limit=0": "parameter_invalid_integer",
			"limit=101": "parameter_invalid_integer", "limit=ten": "parameter_invalid_integer",
			"starting_after=cus_a&ending_before=cus_b": "", "starting_after=cus_none": "resource_missing"} {
			response, failure := b.Send("GET", simharness.StripeHost+"/v1/customers?"+query, nil, "")
			if code, _ := simharness.Hash(failure, "error")["code"].(string); response.StatusCode != http.StatusBadRequest || code != want {
				t.Errorf("%s: %d %v", query, response.StatusCode, failure)
			}
		}
	})
}
