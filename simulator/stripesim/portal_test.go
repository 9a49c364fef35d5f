package stripesim_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// fails checks that err is a Stripe error with the status and part of the
// message.
func fails(t *testing.T, what string, err error, status int, part string) {
	t.Helper()
	var failure *stripe.Error
	if !errors.As(err, &failure) || failure.HTTPStatusCode != status ||
		!strings.Contains(failure.Msg+" "+failure.Param, part) {
		t.Errorf("%s: %v, want status %d with %q", what, err, status, part)
	}
}

// configuration creates a portal configuration from form parameters.
func (b *bench) configuration(form string) map[string]any {
	b.T.Helper()
	response, answer := b.Send("POST", simharness.StripeHost+"/v1/billing_portal/configurations", nil, form)
	if response.StatusCode != 200 {
		b.T.Fatalf("configuration %s: %v", form, answer)
	}
	return answer
}

// portal creates a portal session from form parameters and returns its URL.
func (b *bench) portal(customer, form string) string {
	b.T.Helper()
	response, answer := b.Send("POST", simharness.StripeHost+"/v1/billing_portal/sessions", nil, "customer="+customer+"&"+form)
	if response.StatusCode != 200 {
		b.T.Fatalf("portal session %s: %v", form, answer)
	}
	return answer["url"].(string)
}

// refused posts a form that must be refused and checks the message.
func (b *bench) refused(path, form, want string) {
	b.T.Helper()
	response, answer := b.Send("POST", simharness.StripeHost+path, nil, form)
	text, err := json.Marshal(answer["error"])
	if err != nil {
		b.T.Fatal(err)
	}
	if response.StatusCode < 400 || !strings.Contains(string(text), want) {
		b.T.Errorf("%s %s: %d %s, want %q", path, form, response.StatusCode, text, want)
	}
}

func TestAPortalConfigurationIsThereFromTheStart(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		var all []*stripe.BillingPortalConfiguration
		for configuration, err := range b.Stripe.V1BillingPortalConfigurations.List(t.Context(),
			&stripe.BillingPortalConfigurationListParams{IsDefault: stripe.Bool(true)}).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, configuration)
		}
		if len(all) != 1 || !all[0].Active || !all[0].Features.SubscriptionCancel.Enabled ||
			all[0].Features.SubscriptionUpdate.Enabled || all[0].DefaultReturnURL == "" {
			t.Fatalf("the default configuration is %+v", all)
		}
		customer := b.Customer("a@example.com")
		session, err := b.Stripe.V1BillingPortalSessions.Create(t.Context(),
			&stripe.BillingPortalSessionCreateParams{Customer: &customer.ID})
		if err != nil || session.Configuration.ID != all[0].ID || session.ReturnURL != all[0].DefaultReturnURL {
			t.Errorf("a session without configuration is %+v, %v", session, err)
		}
		_, err = b.Stripe.V1BillingPortalConfigurations.Update(t.Context(), all[0].ID,
			&stripe.BillingPortalConfigurationUpdateParams{Active: stripe.Bool(false)})
		fails(t, "deactivate the default", err, 400, "cannot be deactivated")
	})
}

func TestAPortalConfigurationIsCreatedChangedAndListed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.Monthly()
		product := b.Prices()[0].Product
		created := b.configuration("name=Teams&default_return_url=https://app.test/&business_profile[headline]=Acme&metadata[a]=b" +
			"&features[payment_method_update][enabled]=true&features[subscription_cancel][enabled]=true&features[subscription_cancel][mode]=immediately" +
			"&features[subscription_update][enabled]=true&features[subscription_update][default_allowed_updates][]=price" +
			"&features[subscription_update][products][0][product]=" + product +
			"&features[subscription_update][products][0][prices][0]=" + price +
			"&features[subscription_update][schedule_at_period_end][conditions][0][type]=shortening_interval")
		id := created["id"].(string)
		if created["is_default"] != false || created["name"] != "Teams" || !strings.HasPrefix(id, "bpc_1") {
			t.Errorf("the configuration is %v", created)
		}
		got, err := b.Stripe.V1BillingPortalConfigurations.Update(t.Context(), id,
			&stripe.BillingPortalConfigurationUpdateParams{Active: stripe.Bool(false),
				Features: &stripe.BillingPortalConfigurationUpdateFeaturesParams{
					SubscriptionCancel: &stripe.BillingPortalConfigurationUpdateFeaturesSubscriptionCancelParams{
						Mode: stripe.String("at_period_end")}}})
		if err != nil {
			t.Fatal(err)
		}
		features := got.Features
		if got.Active || features.SubscriptionCancel.Mode != "at_period_end" || !features.SubscriptionCancel.Enabled ||
			!features.SubscriptionUpdate.Enabled ||
			len(features.SubscriptionUpdate.Products) != 1 || features.SubscriptionUpdate.Products[0].Prices[0] != price ||
			len(features.SubscriptionUpdate.ScheduleAtPeriodEnd.Conditions) != 1 {
			t.Errorf("after the update it is %+v", features)
		}
		if kinds := b.EventsSince(""); !slices.Equal(kinds[len(kinds)-2:], []string{"billing_portal.configuration.created",
			"billing_portal.configuration.updated"}) {
			t.Errorf("events are %v", kinds)
		}
		events := b.Events()
		if previous := string(events[len(events)-1].Previous); previous != `{"active":true,"features":{"subscription_cancel":{"mode":"immediately"}}}` {
			t.Errorf("the update says that there was %s", previous)
		}
		_, list := b.Send("GET", simharness.StripeHost+"/v1/billing_portal/configurations?active=true", nil, "")
		if data := list["data"].([]any); len(data) != 1 || data[0].(map[string]any)["is_default"] != true {
			t.Errorf("the active ones are %v", data)
		}
		customer := b.Customer("a@example.com")
		b.refused("/v1/billing_portal/sessions", "customer="+customer.ID+"&configuration="+id, "not active")
		b.refused("/v1/billing_portal/sessions", "customer="+customer.ID+"&configuration=bpc_x",
			"No such configuration: 'bpc_x'")
	})
}

func TestAPortalConfigurationThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.Monthly()
		product := b.Prices()[0].Product
		once := b.AddPlan(simulator.Plan{LookupKey: "once", ProductName: "Book", Amount: 500})
		update := "features[payment_method_update][enabled]=true&features[subscription_update][enabled]=true&features[subscription_update][default_allowed_updates][]=price&"
		for form, want := range map[string]string{
			"":                           "Missing required param: features",
			"features[invoice_history]=": "features[invoice_history][enabled]",
			"features[invoice_history][enabled]=true&features[invoice_history][max]=3":                                                          "Received unknown parameter: features[invoice_history][max]",
			"features[customer_update][enabled]=true&features[customer_update][allowed_updates][]=age":                                          "must be one of address",
			"features[subscription_cancel][enabled]=true&features[subscription_cancel][proration_behavior]=create_prorations":                   "only compatible with `mode=immediately`",
			"features[subscription_cancel][enabled]=true&features[subscription_cancel][proration_behavior]=always_invoice":                      "cannot invoice at once",
			"features[subscription_cancel][enabled]=true&features[subscription_cancel][cancellation_reason][enabled]=true":                      "[cancellation_reason][options]",
			"features[subscription_update][enabled]=true&features[subscription_update][default_allowed_updates][]=price":                        "Missing required param: features[subscription_update][products]",
			update + "features[subscription_update][products][0][product]=prod_x&features[subscription_update][products][0][prices][]=" + price: "No such product: 'prod_x'",
			update + "features[subscription_update][products][0][product]=" + product +
				"&features[subscription_update][products][0][prices][]=" + once: "does not belong to the product",
			update + "features[subscription_update][products][0][product]=" +
				product: "[products][0][prices]",
			"features[invoice_history][enabled]=true&default_return_url=nowhere": "Not a valid URL",
			"features[invoice_history][enabled]=true&business_profile[headline]=" +
				strings.Repeat("x", 61): "up to 60 characters",
			"features[payment_method_update][enabled]=false&features[subscription_update][enabled]=true&features[subscription_update][default_allowed_updates][]=price&features[subscription_update][products][0][product]=" + product +
				"&features[subscription_update][products][0][prices][]=" +
				price: "Cannot enable subscription updates while payment method update is disabled.",
		} {
			b.refused("/v1/billing_portal/configurations", form, want)
		}
		bare := b.configuration("features[invoice_history][enabled]=true")["id"].(string)
		b.refused("/v1/billing_portal/sessions", "customer="+b.Customer("a@example.com").ID+"&configuration="+bare,
			"Your PortalConfiguration does not have a `default_return_url`, and you did not provide a `return_url`.")
	})
}

func TestAFlowIsForWhatTheConfigurationAllows(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub, stranger := b.Subscribed(b.Monthly()), b.Subscribed(b.Monthly())
		const path = "/v1/billing_portal/sessions"
		customer := "customer=" + sub.Customer + "&return_url=http://app.test/"
		cancel := customer + "&flow_data[type]=subscription_cancel"
		for form, want := range map[string]string{
			customer + "&flow_data[after_completion][type]=redirect": "flow_data[type]",
			customer + "&flow_data[type]=surprise":                   "must be one of",
			cancel:                                                   "Missing required param: flow_data[subscription_cancel]",
			cancel + "&flow_data[subscription_cancel][subscription]=" +
				stranger.ID: "No such subscription",
			cancel + "&flow_data[subscription_cancel][subscription]=" + sub.ID +
				"&flow_data[subscription_cancel][retention][type]=coupon_offer": "not simulated",
			cancel + "&flow_data[subscription_cancel][subscription]=" + sub.ID +
				"&flow_data[after_completion][type]=redirect": "flow_data[after_completion][redirect][return_url]",
			customer + "&flow_data[type]=subscription_update&flow_data[subscription_update][subscription]=" +
				sub.ID: "subscription update feature in the portal configuration is disabled",
			customer + "&flow_data[type]=payment_method_update&flow_data[subscription_cancel][subscription]=" +
				sub.ID: "You can only pass",
		} {
			b.refused(path, form, want)
		}
		_, answer := b.Send("POST", simharness.StripeHost+path, nil, cancel+"&flow_data[subscription_cancel][subscription]="+sub.ID+
			"&flow_data[after_completion][type]=hosted_confirmation&flow_data[after_completion][hosted_confirmation][custom_message]=Bye&locale=de&expand[]=configuration")
		flow, _ := answer["flow"].(map[string]any)
		if flow["type"] != "subscription_cancel" || flow["after_completion"].(map[string]any)["hosted_confirmation"].(map[string]any)["custom_message"] != "Bye" || answer["locale"] != "de" {
			t.Errorf("the session is %v", answer)
		}
		if expanded, _ := answer["configuration"].(map[string]any); expanded["object"] != "billing_portal.configuration" {
			t.Errorf("the configuration is not expanded: %v", answer["configuration"])
		}
		if kind := b.EventsSince(""); kind[len(kind)-1] != "billing_portal.session.created" {
			t.Errorf("events are %v", kind)
		}
		if err := b.PortalCancel(sub.ID); err != nil {
			t.Fatal(err)
		}
		b.refused(path, cancel+"&flow_data[subscription_cancel][subscription]="+sub.ID, "already set to be canceled")
	})
}
