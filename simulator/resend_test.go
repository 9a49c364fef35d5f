package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// resend asks for an event once more and returns the status.
func (b *bench) resend(event, endpoint string) int {
	b.t.Helper()
	status, _ := b.post("/v1/events/"+event+"/retry", url.Values{"webhook_endpoint": {endpoint}})
	return status
}

// endpoint makes an endpoint by the API.
func (b *bench) endpoint(form url.Values) string {
	b.t.Helper()
	form.Set("url", inboxHost+"/api")
	status, made := b.post("/v1/webhook_endpoints", form)
	if status != http.StatusOK {
		b.t.Fatalf("endpoint: %v", made)
	}
	return made["id"].(string)
}

func TestAnEventIsSentAgainOnDemand(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		endpoint := b.endpoint(url.Values{"enabled_events[]": {"product.created"}})
		b.customer("resent@example.com")
		b.settle()
		mark, before := b.mark(), len(b.inbox.all())
		time.Sleep(time.Hour)
		if status := b.resend(mark, endpoint); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		b.settle()
		got := b.inbox.all()
		if len(got) != before+1 {
			t.Fatalf("%d deliveries more", len(got)-before)
		}
		var event struct{ ID string }
		if err := json.Unmarshal(got[before].body, &event); err != nil || event.ID != mark {
			t.Errorf("%s was resent, %s arrived (%v)", mark, event.ID, err)
		}
		if first := got[before-1].header.Get("Stripe-Signature"); first == got[before].header.Get("Stripe-Signature") {
			t.Error("the signature is the old one")
		}
		if _, shown := b.send(http.MethodGet, stripeHost+"/v1/events/"+mark, nil, ""); shown["pending_webhooks"] != 0.0 {
			t.Errorf("pending_webhooks is %v", shown["pending_webhooks"])
		}
	})
}

// TestAResendIsNotRetriedAndEndsNoRetries: the automatic ones go on beside it.
func TestAResendIsNotRetriedAndEndsNoRetries(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		endpoint := b.endpoint(url.Values{"enabled_events[]": {"customer.created"}})
		b.SetStripeWebhooks(nil)
		b.inbox.answer = func(received, int) int { return http.StatusServiceUnavailable }
		b.customer("retried@example.com")
		time.Sleep(time.Second)
		if tried := len(b.inbox.all()); tried != 1 {
			t.Fatalf("%d attempts", tried)
		}
		b.resend(b.mark(), endpoint)
		time.Sleep(time.Second)
		if pending, tried := b.PendingDeliveries(), len(b.inbox.all()); pending != 1 || tried != 2 {
			t.Errorf("after a failed resend %d deliveries are pending, %d attempts were made", pending, tried)
		}
		b.inbox.answer = nil
		b.resend(b.mark(), endpoint)
		time.Sleep(time.Second)
		if pending := b.PendingDeliveries(); pending != 1 {
			t.Errorf("after a resend that arrived %d deliveries are pending", pending)
		}
		for b.PendingDeliveries() > 0 {
			time.Sleep(time.Hour)
		}
		if tried := len(b.inbox.all()); tried != 4 {
			t.Errorf("%d attempts in all", tried)
		}
	})
}

func TestAResendSpeaksTheVersionOfItsEndpoint(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.subscribed(monthly(b))
		endpoint := b.endpoint(url.Values{"enabled_events[]": {"product.created"}, "api_version": {"2024-06-20"}})
		b.settle()
		for _, event := range b.Events() {
			if event.Type == "customer.subscription.created" {
				b.resend(event.ID, endpoint)
			}
		}
		b.settle()
		got := b.inbox.all()
		var event map[string]any
		if err := json.Unmarshal(got[len(got)-1].body, &event); err != nil {
			t.Fatal(err)
		}
		if shown := hash(event, "data", "object"); event["api_version"] != "2024-06-20" || shown["id"] != sub.ID ||
			shown["current_period_end"] == nil {
			t.Errorf("in %v the subscription is %v", event["api_version"], shown)
		}
	})
}

func TestAResendNeedsAnEventAndAnEndpoint(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		endpoint := b.endpoint(url.Values{"enabled_events[]": {"*"}})
		b.customer("x@example.com")
		b.post("/v1/webhook_endpoints/"+endpoint, url.Values{"disabled": {"true"}})
		for what, status := range map[string]int{
			"no event":             b.resend("evt_none", endpoint),
			"no endpoint":          b.resend(b.mark(), "we_none"),
			"endpoint not named":   b.resend(b.mark(), ""),
			"endpoint is disabled": b.resend(b.mark(), endpoint),
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
			status, body := b.post("/v1/webhook_endpoints", url.Values{"url": {inboxHost + "/api"}, "enabled_events[]": {wrong}})
			if failure := hash(body, "error"); status != http.StatusBadRequest || failure["param"] != "enabled_events" {
				t.Errorf("%q: %d %v", wrong, status, body)
			}
		}
		b.endpoint(url.Values{"enabled_events[]": {"issuing_card.created"}}) // never written here, but a type
	})
}
