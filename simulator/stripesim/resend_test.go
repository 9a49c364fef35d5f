package stripesim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

// resend resends an event and returns the status.
func (b *bench) resend(event, endpoint string) int {
	b.T.Helper()
	status, _ := b.post("/v1/events/"+event+"/retry", url.Values{"webhook_endpoint": {endpoint}})
	return status
}

// endpoint creates an endpoint.
func (b *bench) endpoint(form url.Values) string {
	b.T.Helper()
	form.Set("url", simharness.InboxHost+"/api")
	status, made := b.post("/v1/webhook_endpoints", form)
	if status != http.StatusOK {
		b.T.Fatalf("endpoint: %v", made)
	}
	return made["id"].(string)
}

func TestAnEventIsSentAgainOnDemand(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		endpoint := b.endpoint(url.Values{"enabled_events[]": {"product.created"}})
		b.Customer("resent@example.com")
		b.Settle()
		mark, before := b.Mark(), len(b.Inbox.All())
		time.Sleep(time.Hour)
		if status := b.resend(mark, endpoint); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		b.Settle()
		got := b.Inbox.All()
		if len(got) != before+1 {
			t.Fatalf("%d deliveries more", len(got)-before)
		}
		var event struct{ ID string }
		if err := json.Unmarshal(got[before].Body, &event); err != nil || event.ID != mark {
			t.Errorf("%s was resent, %s arrived (%v)", mark, event.ID, err)
		}
		if first := got[before-1].Header.Get("Stripe-Signature"); first == got[before].Header.Get("Stripe-Signature") {
			t.Error("the signature is the old one")
		}
		if _, shown := b.Send(http.MethodGet, simharness.StripeHost+"/v1/events/"+mark, nil, ""); shown["pending_webhooks"] != 0.0 {
			t.Errorf("pending_webhooks is %v", shown["pending_webhooks"])
		}
	})
}

// TestAResendIsNotRetriedAndEndsNoRetries also checks that automatic retries
// continue.
func TestAResendIsNotRetriedAndEndsNoRetries(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		endpoint := b.endpoint(url.Values{"enabled_events[]": {"customer.created"}})
		b.SetStripeWebhooks(nil)
		b.Inbox.Answer = func(simharness.Received, int) int { return http.StatusServiceUnavailable }
		b.Customer("retried@example.com")
		time.Sleep(time.Second)
		if tried := len(b.Inbox.All()); tried != 1 {
			t.Fatalf("%d attempts", tried)
		}
		b.resend(b.Mark(), endpoint)
		time.Sleep(time.Second)
		if pending, tried := b.PendingDeliveries(), len(b.Inbox.All()); pending != 1 || tried != 2 {
			t.Errorf("after a failed resend %d deliveries are pending, %d attempts were made", pending, tried)
		}
		b.Inbox.Answer = nil
		b.resend(b.Mark(), endpoint)
		time.Sleep(time.Second)
		if pending := b.PendingDeliveries(); pending != 1 {
			t.Errorf("after a resend that arrived %d deliveries are pending", pending)
		}
		for b.PendingDeliveries() > 0 {
			time.Sleep(time.Hour)
		}
		if tried := len(b.Inbox.All()); tried != 4 {
			t.Errorf("%d attempts in all", tried)
		}
	})
}

func TestAResendSpeaksTheVersionOfItsEndpoint(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		endpoint := b.endpoint(url.Values{"enabled_events[]": {"product.created"}, "api_version": {"2024-06-20"}})
		b.Settle()
		for _, event := range b.Events() {
			if event.Type == "customer.subscription.created" {
				b.resend(event.ID, endpoint)
			}
		}
		b.Settle()
		got := b.Inbox.All()
		var event map[string]any
		if err := json.Unmarshal(got[len(got)-1].Body, &event); err != nil {
			t.Fatal(err)
		}
		if shown := simharness.Hash(event, "data", "object"); event["api_version"] != "2024-06-20" || shown["id"] != sub.ID ||
			shown["current_period_end"] == nil {
			t.Errorf("in %v the subscription is %v", event["api_version"], shown)
		}
	})
}

func TestAResendNeedsAnEventAndAnEndpoint(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		endpoint := b.endpoint(url.Values{"enabled_events[]": {"*"}})
		b.Customer("x@example.com")
		b.post("/v1/webhook_endpoints/"+endpoint, url.Values{"disabled": {"true"}})
		for what, status := range map[string]int{
			"no event":             b.resend("evt_none", endpoint),
			"no endpoint":          b.resend(b.Mark(), "we_none"),
			"endpoint not named":   b.resend(b.Mark(), ""),
			"endpoint is disabled": b.resend(b.Mark(), endpoint),
		} {
			if status < 400 || status > 404 {
				t.Errorf("%s: %d", what, status)
			}
		}
	})
}

func TestAnEndpointWaitsOnlyForEventsThatThereAre(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for _, wrong := range []string{"customer.exploded", "customer.*", ""} {
			status, body := b.post("/v1/webhook_endpoints", url.Values{"url": {simharness.InboxHost + "/api"}, "enabled_events[]": {wrong}})
			if failure := simharness.Hash(body, "error"); status != http.StatusBadRequest || failure["param"] != "enabled_events" {
				t.Errorf("%q: %d %v", wrong, status, body)
			}
		}
		b.endpoint(url.Values{"enabled_events[]": {"issuing_card.created"}}) // a valid type that the simulator never emits
	})
}
