package stripesim_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// keyed returns request headers with the test's idempotency key.
func keyed() map[string]string { return map[string]string{"Idempotency-Key": "k"} }

func TestAnIdempotencyKeyReplaysTheFirstAnswer(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		first, created := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), "email=a@example.com")
		second, replayed := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), "email=a@example.com")
		if replayed["id"] != created["id"] || len(b.Customers()) != 1 {
			t.Errorf("replayed %v after %v", replayed["id"], created["id"])
		}
		if first.Header.Get("Idempotent-Replayed") != "" || second.Header.Get("Idempotent-Replayed") != "true" ||
			second.Header.Get("Original-Request") != first.Header.Get("Request-Id") ||
			second.Header.Get("Request-Id") == first.Header.Get("Request-Id") {
			t.Errorf("headers are %v, then %v", first.Header, second.Header)
		}
		response, failure := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), "email=b@example.com")
		if response.StatusCode != http.StatusBadRequest || failure["error"].(map[string]any)["type"] != "idempotency_error" {
			t.Errorf("other parameters: %d %v", response.StatusCode, failure)
		}
		b.Advance(24*time.Hour + time.Second)
		if _, again := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(),
			"email=b@example.com"); again["id"] == created["id"] || len(b.Customers()) != 2 {
			t.Errorf("a key is remembered after 24 h: %v", again)
		}
	})
}

func TestWhatIsRefusedBeforeExecutionIsNotKept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), "bogus=1")
		b.AddFault(simulator.Fault{Side: "stripe", Status: 429, Times: 1})
		b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), "email=a@example.com")
		response, _ := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), "email=a@example.com")
		if response.StatusCode != http.StatusOK || response.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%d, replayed %q; want a fresh execution", response.StatusCode, response.Header.Get("Idempotent-Replayed"))
		}
	})
}

func TestAKeyBelongsToOneOperationAndIsForPosts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := "/v1/customers"
		wrong := keyed()
		wrong["Authorization"] = "Bearer sk_test_wrong"
		if response, _ := b.Send("POST", simharness.StripeHost+customer, wrong,
			"email=a@example.com"); response.StatusCode != http.StatusUnauthorized {
			t.Errorf("a wrong secret key: %d", response.StatusCode)
		}
		_, created := b.Send("POST", simharness.StripeHost+customer, keyed(), "email=a@example.com")
		if created["object"] != "customer" {
			t.Fatalf("after a 401 the key answers %v", created)
		}
		response, failure := b.Send("POST", simharness.StripeHost+"/v1/products", keyed(), "email=a@example.com")
		if response.StatusCode != http.StatusBadRequest || failure["error"].(map[string]any)["type"] != "idempotency_error" {
			t.Errorf("another operation: %d %v", response.StatusCode, failure)
		}
		before, err := b.Stripe.V1Customers.Retrieve(t.Context(), created["id"].(string), nil)
		if err != nil {
			t.Fatal(err)
		}
		b.Send("POST", simharness.StripeHost+customer+"/"+before.ID, map[string]string{"Idempotency-Key": "another"}, "name=Ada")
		if _, read := b.Send("GET", simharness.StripeHost+customer+"/"+before.ID, map[string]string{"Idempotency-Key": "another"},
			""); read["name"] != "Ada" {
			t.Errorf("a GET with a key answers %v", read["name"])
		}
		long := map[string]string{"Idempotency-Key": strings.Repeat("k", 256)}
		if response, _ := b.Send("POST", simharness.StripeHost+customer, long,
			"email=b@example.com"); response.StatusCode != http.StatusBadRequest || len(b.Customers()) != 1 {
			t.Errorf("a key of 256 characters: %d, %d customers", response.StatusCode, len(b.Customers()))
		}
		long["Idempotency-Key"] = strings.Repeat("k", 255)
		if response, _ := b.Send("POST", simharness.StripeHost+customer, long,
			"email=b@example.com"); response.StatusCode != http.StatusOK {
			t.Errorf("a key of 255 characters: %d", response.StatusCode)
		}
	})
}

func TestA500AfterExecutionIsReplayedAsA500(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.AddFault(simulator.Fault{Side: "stripe", Method: "POST", Path: "/v1/customers", Nth: 1, After: true, Status: 500})
		for range 2 {
			if response, _ := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(),
				"email=a@example.com"); response.StatusCode != http.StatusInternalServerError {
				t.Errorf("status is %d, want 500", response.StatusCode)
			}
		}
		if got := len(b.Customers()); got != 1 {
			t.Errorf("%d customers exist, want the one that was made before the 500", got)
		}
	})
}

func TestTheSameKeyAtOnceIsAConflict(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.AddFault(simulator.Fault{Side: "stripe", Method: "POST", Nth: 1, After: true, Hang: 5 * time.Second})
		first := make(chan int, 1)
		go func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, simharness.StripeHost+"/v1/customers",
				strings.NewReader("email=a@example.com"))
			if err != nil {
				first <- 0
				return
			}
			request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
			request.Header.Set("Idempotency-Key", "k")
			response, err := b.HTTP.Do(request)
			if err != nil {
				first <- 0
				return
			}
			first <- response.StatusCode
		}()
		synctest.Wait()
		response, failure := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(), "email=a@example.com")
		if response.StatusCode != http.StatusConflict ||
			failure["error"].(map[string]any)["code"] != "idempotency_key_in_use" {
			t.Errorf("during the first: %d %v", response.StatusCode, failure)
		}
		if status := <-first; status != http.StatusOK {
			t.Errorf("the first answered %d", status)
		}
		if response, _ := b.Send("POST", simharness.StripeHost+"/v1/customers", keyed(),
			"email=a@example.com"); response.Header.Get("Idempotent-Replayed") != "true" {
			t.Error("after the first its answer is not replayed")
		}
	})
}
