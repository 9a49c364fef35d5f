package stripesim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// speaking returns request headers for an API version.
func speaking(version string) map[string]string { return map[string]string{"Stripe-Version": version} }

func TestARequestSpeaksTheVersionThatItNames(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		url := simharness.StripeHost + "/v1/customers/" + b.Customer("a@example.com").ID
		for _, version := range []string{"2026-03-25.dahlia", "2026-04-22.dahlia", "2026-05-27.dahlia", "2026-06-24.dahlia",
			"2026-07-29.dahlia",
			"2026-08-26.dahlia", "2026-09-30.endive", "2026-10-28.endive", "2025-02-24.acacia", "2023-10-16"} {
			response, _ := b.Send("GET", url, speaking(version), "")
			if response.StatusCode != http.StatusOK || response.Header.Get("Stripe-Version") != version {
				t.Errorf("%s: %d, answered in %q", version, response.StatusCode, response.Header.Get("Stripe-Version"))
			}
		}
		if response, _ := b.Send("GET", url, nil, ""); response.Header.Get("Stripe-Version") != "2026-08-26.dahlia" {
			t.Errorf("without a version it answers in %q", response.Header.Get("Stripe-Version"))
		}
		for _, version := range []string{"2026-08-26", "2099-01-01.zinnia", "2022-11-15", "dahlia"} {
			response, failure := b.Send("POST", simharness.StripeHost+"/v1/customers", speaking(version), "")
			if response.StatusCode != http.StatusBadRequest ||
				simharness.Hash(failure, "error")["message"] != "Invalid Stripe API version: "+version {
				t.Errorf("%s: %d %v", version, response.StatusCode, failure)
			}
		}
		if got := len(b.Customers()); got != 1 {
			t.Errorf("%d customers: a request in an unknown version was executed", got)
		}
	})
}

func TestOlderVersionsShowSubscriptionsAndInvoicesAsTheyWere(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		url := simharness.StripeHost + "/v1/subscriptions/" + b.Subscribed(b.Monthly()).ID
		_, old := b.Send("GET", url+"?expand[]=latest_invoice.payment_intent&expand[]=latest_invoice.charge",
			speaking("2024-06-20"), "")
		_, now := b.Send("GET", url+"?expand[]=latest_invoice", speaking("2026-08-26.dahlia"), "")
		item, oldItem := simharness.Element(now["items"], 0), simharness.Element(old["items"], 0)
		if old["current_period_end"] != item["current_period_end"] || old["current_period_end"] == nil ||
			oldItem["current_period_end"] != nil {
			t.Errorf("the period ends %v, its item's %v; want %v and none", old["current_period_end"],
				oldItem["current_period_end"], item["current_period_end"])
		}
		if now["current_period_end"] != nil {
			t.Error("the newest version shows the period on the subscription")
		}
		invoice := simharness.Hash(old, "latest_invoice")
		if invoice["subscription"] != old["id"] || invoice["paid"] != true || invoice["parent"] != nil ||
			invoice["discount"] != nil {
			t.Errorf("invoice: subscription %v, paid %v, parent %v", invoice["subscription"], invoice["paid"], invoice["parent"])
		}
		intent, charge := simharness.Hash(invoice, "payment_intent"), simharness.Hash(invoice, "charge")
		if intent["object"] != "payment_intent" || intent["invoice"] != invoice["id"] || charge["object"] != "charge" ||
			charge["invoice"] != invoice["id"] {
			t.Errorf("payment intent %v of invoice %v, charge %v of %v; want %v", intent["object"], intent["invoice"],
				charge["object"], charge["invoice"], invoice["id"])
		}
		line := simharness.Element(invoice["lines"], 0)
		if simharness.Hash(line, "price")["object"] != "price" || simharness.Hash(line, "plan")["object"] != "plan" ||
			line["type"] != "subscription" ||
			line["proration"] != false || line["pricing"] != nil || line["subscription_item"] != oldItem["id"] {
			t.Errorf("line: %v", line)
		}
		if response, failure := b.Send("GET", url+"?expand[]=latest_invoice.payment_intent", nil,
			""); response.StatusCode != http.StatusBadRequest {
			t.Errorf("the newest version expands invoice.payment_intent: %v", failure)
		}
		_, list := b.Send("GET", simharness.StripeHost+"/v1/subscriptions", speaking("2025-02-24.acacia"), "")
		if simharness.Element(list, 0)["current_period_end"] == nil {
			t.Error("a list in an older version has newer elements")
		}
	})
}

func TestOlderVersionsShowWhatWasRenamed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("payment", b.AddPlan(simulator.Plan{LookupKey: "once", ProductName: "Once", Amount: 500}), nil)
		url := simharness.StripeHost + "/v1/checkout/sessions/" + session.ID
		for version, want := range map[string]string{"2026-02-25.clover": "hosted", "2026-03-25.dahlia": "hosted_page"} {
			if _, shown := b.Send("GET", url, speaking(version), ""); shown["ui_mode"] != want {
				t.Errorf("%s: ui_mode is %v, want %s", version, shown["ui_mode"], want)
			}
		}
		b.Send("POST", simharness.StripeHost+"/v1/coupons", nil, "id=tenth&percent_off=10&duration=once")
		_, code := b.Send("POST", simharness.StripeHost+"/v1/promotion_codes", nil,
			"promotion[type]=coupon&promotion[coupon]=tenth&code=TENTH")
		_, old := b.Send("GET", simharness.StripeHost+"/v1/promotion_codes/"+code["id"].(string), speaking("2025-08-27.basil"), "")
		if simharness.Hash(old, "coupon")["id"] != "tenth" || old["promotion"] != nil || simharness.Hash(code, "promotion")["coupon"] != "tenth" {
			t.Errorf("before clover the coupon is %v, now %v", old["coupon"], code["promotion"])
		}
	})
}

func TestEndiveTakesTheNewListOfPaymentMethods(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		form := "mode=subscription&success_url=http://app.test/ok&line_items[0][quantity]=1&line_items[0][price]=" +
			b.Monthly()
		for _, try := range []struct{ version, param, refused string }{
			{"2026-08-26.dahlia", "payment_method_types", ""},
			{"2026-08-26.dahlia", "allowed_payment_method_types", "Received unknown parameter: allowed_payment_method_types"},
			{"2026-09-30.endive", "payment_method_types", "Received unknown parameter: payment_method_types"},
			{"2026-10-28.endive", "allowed_payment_method_types", ""},
		} {
			response, answer := b.Send("POST", simharness.StripeHost+"/v1/checkout/sessions", speaking(try.version),
				form+"&"+try.param+"[0]=card")
			if message, _ := simharness.Hash(answer, "error")["message"].(string); message != try.refused ||
				(response.StatusCode == http.StatusOK) != (try.refused == "") {
				t.Errorf("%s with %s: %d %q, want %q", try.version, try.param, response.StatusCode, message, try.refused)
			}
			if _, shown := answer["allowed_payment_method_types"]; try.refused == "" && shown != (try.version > "2026-09") {
				t.Errorf("%s shows allowed_payment_method_types: %v", try.version, shown)
			}
		}
	})
}

func TestAPinnedEndpointGetsItsOwnShape(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: simharness.InboxHost + "/stripe", Secret: simharness.StripeSecret},
			{URL: simharness.InboxHost + "/old", Secret: simharness.StripeSecret, APIVersion: "2025-02-24.acacia"}})
		b.Subscribed(b.Monthly())
		b.Advance(40 * simharness.Day)
		b.Settle()
		seen := map[string]int{}
		for _, in := range b.Inbox.All() {
			if in.Kind != "customer.subscription.updated" && in.Kind != "customer.subscription.created" {
				continue
			}
			var event map[string]any
			if err := json.Unmarshal(in.Body, &event); err != nil {
				t.Fatal(err)
			}
			version := event["api_version"].(string)
			seen[version]++
			shown, before := simharness.Hash(event, "data", "object"), simharness.Hash(event, "data", "previous_attributes")
			if pinned := version == "2025-02-24.acacia"; (shown["current_period_end"] != nil) != pinned ||
				(simharness.Element(shown["items"], 0)["current_period_end"] == nil) != pinned {
				t.Errorf("in %s the period ends at %v, its item's at %v", version, shown["current_period_end"],
					simharness.Element(shown["items"], 0)["current_period_end"])
			}
			if in.Kind == "customer.subscription.updated" && version == "2025-02-24.acacia" && before["latest_invoice"] != nil {
				if before["current_period_end"] == nil || before["items"] != nil {
					t.Errorf("previous_attributes of the renewal are %v", before)
				}
			}
			if _, stored := b.Send("GET", simharness.StripeHost+"/v1/events/"+event["id"].(string), speaking("2024-06-20"),
				""); stored["api_version"] != "2026-08-26.dahlia" &&
				event["created"].(float64) > float64(b.Now().Add(-30*simharness.Day).Unix()) {
				t.Errorf("the event itself is in %v", stored["api_version"])
			}
		}
		if seen["2025-02-24.acacia"] < 2 || seen["2025-02-24.acacia"] != seen["2026-08-26.dahlia"] {
			t.Errorf("events by version: %v", seen)
		}
	})
}

func TestAnEndpointSaysWhatVersionItIsPinnedTo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		form := "url=http://inbox.test/api&enabled_events[]=customer.created"
		_, pinned := b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints", nil, form+"&api_version=2024-06-20")
		_, free := b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints", nil, form)
		if pinned["api_version"] != "2024-06-20" || free["api_version"] != nil {
			t.Errorf("versions are %v and %v", pinned["api_version"], free["api_version"])
		}
		if response, failure := b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints", nil,
			form+"&api_version=2099-01-01"); response.StatusCode != http.StatusBadRequest ||
			simharness.Hash(failure, "error")["param"] != "api_version" {
			t.Errorf("an unknown version: %d %v", response.StatusCode, failure)
		}
	})
}

func TestAnAccountMayHaveAnOlderVersion(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Config{StripeVersion: "2025-02-24.acacia"})
	if err != nil {
		t.Fatal(err)
	}
	simharness.Populate(t, sim, 1)
	for _, event := range sim.Events() {
		if event.Version != "2025-02-24.acacia" || event.Type == "invoice.created" &&
			!strings.Contains(string(event.Object), `"paid":`) {
			t.Errorf("%s in %s: %s", event.Type, event.Version, event.Object)
		}
	}
	if _, err := simulator.New(simulator.Config{StripeVersion: "2011-01-01"}); err == nil {
		t.Error("an account may have an unsupported version")
	}
}

func TestOnlyWhatCanHoldAnObjectIsExpanded(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		one, all := simharness.StripeHost+"/v1/subscriptions/"+sub.ID, simharness.StripeHost+"/v1/subscriptions"
		for _, try := range []struct{ url, path, refused string }{
			{one, "customer", ""},
			{one, "latest_invoice.customer", ""},
			{one, "items.data.price.product", ""},
			{one, "items.data", ""},
			{one, "schedule", ""},
			{one, "default_payment_method", ""},
			{one, "status", "This property cannot be expanded (status)."},
			{one, "id", "This property cannot be expanded (id)."},
			{one, "bogus", "This property cannot be expanded (bogus)."},
			{one, "metadata.customer", "This property cannot be expanded (metadata.customer)."},
			{one, "customer.customer", "This property cannot be expanded (customer.customer)."},
			{one, "customer.", "Invalid property to expand (customer.)."},
			{all, "data.customer", ""},
			{all, "data.latest_invoice.customer", ""},
			{all, "customer", "This property cannot be expanded (customer). You may want to try expanding 'data.customer' instead."},
			{all, "data.items.data.price.product", "You cannot expand more than 4 levels of a property. Property: data.items.data.price.product"},
		} {
			_, answer := b.Send("GET", try.url+"?expand[]="+try.path, nil, "")
			if message, _ := simharness.Hash(answer, "error")["message"].(string); message != try.refused {
				t.Errorf("%s of %s: %q, want %q", try.path, try.url, message, try.refused)
			}
		}
		_, created := b.Send("POST", simharness.StripeHost+"/v1/subscriptions/"+sub.ID, nil,
			"metadata[a]=b&expand[]=customer&expand[]=latest_invoice.payments")
		if simharness.Hash(created, "customer")["object"] != "customer" ||
			simharness.Element(simharness.Hash(created, "latest_invoice")["payments"], 0) == nil {
			t.Errorf("a POST expands %v and %v", created["customer"], simharness.Hash(created, "latest_invoice")["payments"])
		}
		if err := b.DeleteCustomer(sub.Customer); err != nil {
			t.Fatal(err)
		}
		_, orphan := b.Send("GET", one+"?expand[]=customer", nil, "")
		if simharness.Hash(orphan, "customer")["deleted"] != true {
			t.Errorf("a deleted customer expands to %v", orphan["customer"])
		}
	})
}
