package stripesim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// changeable subscribes a customer to Pro at $29 a month, and returns a portal
// in which it can switch to Team at $59, with a quantity of up to five.
func (b *bench) changeable(form string) (sub simulator.Subscription, team, configuration string) {
	b.T.Helper()
	sub = b.Subscribed(b.Monthly())
	team = b.AddPlan(simulator.Plan{LookupKey: "team", ProductName: "Team", Amount: 5900, Interval: "month"})
	update := "&features[subscription_update]"
	prices := b.Prices()
	configuration = b.configuration("features[payment_method_update][enabled]=true&features[invoice_history][enabled]=true" + update + "[enabled]=true" + update + "[default_allowed_updates][]=price" +
		update + "[products][0][product]=" + prices[0].Product + update + "[products][0][prices][]=" + prices[0].ID +
		update + "[products][1][product]=" + prices[1].Product + update + "[products][1][prices][]=" + team +
		form)["id"].(string)
	return sub, team, configuration
}

func TestACustomerChangesThePlanInThePortal(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub, team, configuration := b.changeable("&features[subscription_update][proration_behavior]=always_invoice")
		home := b.portal(sub.Customer, "return_url=http://app.test/&configuration="+configuration)
		path := b.Visited(home).Value(".plan a.update", "href")
		page := b.Visited(simharness.StripeHost + path)
		if choices := page.All("input[name=price]"); len(choices) != 2 || choices[0].Attrs["value"] != sub.Items[0].Price ||
			page.Value("input[name=quantity]", "name") != "" ||
			page.Says("label .status") != "current" {
			t.Errorf("the choices are %q", page.Says("form"))
		}
		b.Advance(31 * simharness.Day / 2)
		confirm := simharness.StripeHost + page.Value("form", "action")
		page = b.Visited(confirm + "?price=" + team)
		if page.Says("#due") != "15.00 USD" || len(page.All("#lines li")) != 2 ||
			!strings.Contains(page.Says("#lines"), "-14.50 USD") {
			t.Errorf("the confirmation says %q", page.Says("main"))
		}
		mark := b.Mark()
		if to := b.acts(confirm, url.Values{"price": {team}, "quantity": {"1"}}); !strings.HasSuffix(to, "?done=updated") {
			t.Errorf("it leads to %s", to)
		}
		if got := b.Subscription(sub.ID); got.Items[0].Price != team || got.PeriodEnd() != sub.PeriodEnd() {
			t.Errorf("the subscription has %+v", got.Items)
		}
		if kinds := strings.Join(b.EventsSince(mark), " "); !strings.Contains(kinds, "customer.subscription.updated") ||
			!strings.Contains(kinds, "invoice.paid") {
			t.Errorf("events are %s", kinds)
		}
		invoices := b.Invoices()
		if got := invoices[len(invoices)-1].Total(); got != 1500 {
			t.Errorf("the invoice is over %d", got)
		}
		for form, want := range map[string]string{"price=" + team: "has no change",
			"price=price_x": "not in the portal configuration", "price=" + sub.Items[0].Price +
				"&quantity=3": "does not allow customers to change the quantity"} {
			if page := b.Visited(confirm + "?" + form); !strings.Contains(page.Says("[role=alert]"), want) ||
				len(page.All("form")) != 0 {
				t.Errorf("%s: %q", form, page.Says("[role=alert]"))
			}
			values, err := url.ParseQuery(form)
			if err != nil {
				t.Fatal(err)
			}
			if status, _, _ := b.Submit(confirm, values); status != http.StatusBadRequest {
				t.Errorf("%s answers %d", form, status)
			}
		}
	})
}

func TestTheConfigurationSaysHowAChangeIsBilled(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		quantity := "&features[subscription_update][default_allowed_updates][]=quantity&features[subscription_update][products][1][adjustable_quantity][enabled]=true" +
			"&features[subscription_update][products][1][adjustable_quantity][maximum]=5"
		sub, team, configuration := b.changeable("&features[subscription_update][proration_behavior]=create_prorations" +
			quantity)
		confirm := b.portal(sub.Customer, "return_url=http://app.test/&configuration="+configuration) + "/subscriptions/" +
			sub.ID + "/update/confirm"
		if page := b.Visited(strings.TrimSuffix(confirm, "/confirm")); page.Value("#quantity", "value") != "1" ||
			page.Value("#quantity", "max") != "5" {
			t.Errorf("the quantity is %q of at most %q", page.Value("#quantity", "value"), page.Value("#quantity", "max"))
		}
		b.Advance(31 * simharness.Day / 2)
		page := b.Visited(confirm + "?quantity=2&price=" + team)
		if page.Says("#due") != "nothing" || page.Says("#next") != "162.50 USD on 1 February 2000" {
			t.Errorf("the confirmation says %q", page.Says("main"))
		}
		if page := b.Visited(confirm + "?quantity=6&price=" + team); !strings.Contains(page.Says("[role=alert]"),
			"at most 5") {
			t.Errorf("six are refused with %q", page.Says("[role=alert]"))
		}
		invoices := len(b.Invoices())
		b.acts(confirm, url.Values{"price": {team}, "quantity": {"2"}})
		if got := b.Subscription(sub.ID).Items[0]; got.Price != team || got.Quantity != 2 || len(b.Invoices()) != invoices {
			t.Errorf("the item is %+v, with %d more invoices", got, len(b.Invoices())-invoices)
		}
	})
}

func TestAChangeThatIsNotPaidIsNotMade(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub, team, configuration := b.changeable("&features[subscription_update][proration_behavior]=always_invoice")
		entry := b.portal(sub.Customer, "return_url=http://app.test/&configuration="+configuration+"&flow_data[type]=subscription_update_confirm&flow_data[subscription_update_confirm][subscription]="+sub.ID+
			"&flow_data[subscription_update_confirm][items][0][id]="+sub.Items[0].ID+"&flow_data[subscription_update_confirm][items][0][price]="+team+
			"&flow_data[after_completion][type]=redirect&flow_data[after_completion][redirect][return_url]=http://app.test/changed")
		confirm := strings.TrimSuffix(entry, "/flow") + "/subscriptions/" + sub.ID + "/update/confirm"
		if err := b.SetCard(sub.Customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		b.Advance(31 * simharness.Day / 2)
		if page := b.Visited(entry); page.Says("#due") != "15.00 USD" || page.Value("input[name=price]", "value") != team {
			t.Errorf("the flow shows %q", page.Says("main"))
		}
		status, _, text := b.Submit(confirm, url.Values{})
		if status != http.StatusPaymentRequired || simharness.Parsed(t, text).Says("[role=alert]") != "Your card was declined." ||
			b.Subscription(sub.ID).Items[0].Price == team {
			t.Errorf("a declined change: %d %q", status, simharness.Parsed(t, text).Says("[role=alert]"))
		}
		if err := b.SetCard(sub.Customer, "4000002760003184"); err != nil {
			t.Fatal(err)
		}
		back := b.acts(b.acts(confirm, url.Values{}), url.Values{"outcome": {"fail"}})
		if page := b.Visited(back); !strings.Contains(page.Says("[role=alert]"), "was not changed") ||
			b.Subscription(sub.ID).Items[0].Price == team {
			t.Errorf("after a failed challenge it says %q", page.Says("main"))
		}
		back = b.acts(b.acts(confirm, url.Values{}), url.Values{"outcome": {"pass"}})
		if status, to, _ := b.Get(back); status != http.StatusSeeOther || to != "http://app.test/changed" ||
			b.Subscription(sub.ID).Items[0].Price != team {
			t.Errorf("after a passed challenge: %d to %s", status, to)
		}
	})
}

func TestACheaperPlanWaitsForTheEndOfThePeriod(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub, team, configuration := b.changeable("&features[subscription_update][proration_behavior]=always_invoice&features[subscription_cancel][enabled]=true" +
			"&features[subscription_update][schedule_at_period_end][conditions][0][type]=decreasing_item_amount")
		pro := sub.Items[0].Price
		home := b.portal(sub.Customer, "return_url=http://app.test/&configuration="+configuration)
		confirm := home + "/subscriptions/" + sub.ID + "/update/confirm"
		b.acts(confirm, url.Values{"price": {team}})
		if got := b.Subscription(sub.ID); got.Items[0].Price != team || got.Schedule != "" {
			t.Fatalf("a dearer plan waits: %+v", got)
		}
		if page := b.Visited(confirm + "?price=" + pro); page.Says("#due") != "nothing" ||
			!strings.Contains(page.Says("#later"), "1 February 2000") {
			t.Errorf("the confirmation says %q", page.Says("main"))
		}
		b.acts(confirm, url.Values{"price": {pro}})
		page := b.Visited(home)
		if page.Says(".plan .when") != "Changes to Pro at 29.00 USD / month on 1 February 2000" ||
			len(page.All(".plan a")) != 0 {
			t.Errorf("the first page says %q", page.Says(".plan"))
		}
		b.acts(home, url.Values{"action": {page.Value(".plan button", "value")}, "subscription": {sub.ID}})
		b.Advance(32 * simharness.Day)
		if got := b.Subscription(sub.ID); got.Items[0].Price != team || got.Schedule != "" {
			t.Errorf("a change that was taken back was made: %+v", got)
		}
		b.acts(confirm, url.Values{"price": {pro}})
		b.Advance(32 * simharness.Day)
		if got := b.Subscription(sub.ID); got.Items[0].Price != pro {
			t.Errorf("the plan did not change: %+v", got.Items)
		}
	})
}
