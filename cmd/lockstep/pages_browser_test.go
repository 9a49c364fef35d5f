package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/lockstep-dev/lockstep/simulator"
)

// hostedStripe is the Stripe simulator with its pages, and the shop that they lead back to.
type hostedStripe struct {
	*testing.T
	sim    *simulator.Simulator
	url    string
	shop   string
	client *http.Client // of the API
}

func startHosted(t *testing.T) *hostedStripe {
	t.Helper()
	h := &hostedStripe{T: t}
	stripe := httptest.NewUnstartedServer(nil)
	h.url = "http://" + stripe.Listener.Addr().String()
	sim, err := simulator.New(simulator.Config{Seed: 1, PortalSaved: true, StripeURL: h.url,
		ClerkURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	h.sim, stripe.Config.Handler = sim, sim.StripeHandler()
	stripe.Start()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<p id="shop">%s</p>`, strings.TrimPrefix(r.URL.Path, "/")) // the browser sees it
	}))
	h.shop, h.client = shop.URL, stripe.Client()
	t.Cleanup(func() { stripe.Close(); shop.Close() })
	return h
}

// post calls Stripe's API with name=value pairs and returns the object.
func (h *hostedStripe) post(path string, pairs ...string) map[string]any {
	h.Helper()
	form := url.Values{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		form.Add(name, value)
	}
	request, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		h.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(simulator.DefaultStripeKey, "")
	response, err := h.client.Do(request)
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		h.Fatalf("POST %s %v: %d %v %v", path, pairs, response.StatusCode, answer, err)
	}
	return answer
}

// look checks a page at the width of a phone, and takes screenshots at both widths.
func (b *browserTab) look(name string) {
	b.Helper()
	b.do("hold a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), b.picture(name+"-phone"))
	flaws, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](flawsOfPage))
	if err != nil {
		b.Fatalf("look at %s: %v", name, err)
	}
	for _, flaw := range flaws {
		b.Errorf("%s on a phone: %s", name, flaw)
	}
	b.do("sit at a desk", chromedp.EmulateViewport(1100, 900), b.picture(name+"-desk"))
}

// flawsOfPage lists what is wrong with a page: wider than the screen, targets too small for a finger, fields
// without a label, no hint that it is a simulator.
const flawsOfPage = `(() => {
	const flaws = [], shown = e => e.checkVisibility() && e.getBoundingClientRect().width > 2
	if (document.documentElement.scrollWidth > innerWidth) flaws.push("it is " + document.documentElement.scrollWidth + " px wide")
	if (!document.querySelector(".banner").textContent.includes("Simulator")) flaws.push("it does not say that it is a simulator")
	for (const e of document.querySelectorAll("button, a, input:not([type=radio],[type=checkbox],[type=hidden]), select, textarea, summary, label:has(input)")) {
		const height = Math.round(e.getBoundingClientRect().height)
		if (shown(e) && height < 44) flaws.push("<" + e.localName + "> " + (e.textContent.trim() || e.name) + " is " + height + " px high")
	}
	for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
		if (shown(e) && !e.labels.length && !e.ariaLabel) flaws.push("the field " + e.name + " has no label")
	if (document.querySelectorAll("h1").length != 1) flaws.push("it has " + document.querySelectorAll("h1").length + " main headings")
	return flaws
})()`

// fill types into fields; name=value pairs.
func (b *browserTab) fill(pairs ...string) {
	b.Helper()
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		b.do("fill in "+name, chromedp.SetValue(chromedp.CSS(`[name=`+name+`]`), value, chromedp.NodeVisible))
	}
}

// press clicks, and waits for a page with the named element.
func (b *browserTab) press(selector, then string) {
	b.Helper()
	b.do("press "+selector, chromedp.Evaluate[chromedp.Void](`document.body.id = "left"`),
		chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	b.waits(then+" after "+selector, func() bool {
		found, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](
			`document.readyState == "complete" && document.body.id != "left" && !!document.querySelector(`+"`"+then+"`"+`)`))
		return err == nil && found
	})
}

// choose clicks an element that does not leave the page.
func (b *browserTab) choose(selector string) {
	b.Helper()
	b.do("choose "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

func (b *browserTab) open(address, then string) {
	b.Helper()
	b.do("open "+address, chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS(then)))
}

// TestAPersonBuysInABrowser uses Stripe's pages: a declined card, a quantity, a promotion code, 3-D Secure
// failed and passed; then the portal: change, cancel, pay. It is not parallel, because two browsers at once
// slow each other down.
func TestAPersonBuysInABrowser(t *testing.T) {
	b, h := startBrowser(t), startHosted(t)
	pro := h.sim.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro", Amount: 2900, Interval: "month"})
	team := h.sim.AddPlan(simulator.Plan{LookupKey: "team", ProductName: "Team", Amount: 5900, Interval: "month"})
	coupon := h.post("/v1/coupons", "percent_off=20", "duration=once")["id"].(string)
	h.post("/v1/promotion_codes", "promotion[type]=coupon", "promotion[coupon]="+coupon, "code=WELCOME")
	customer := h.post("/v1/customers", "email=ada.lovelace@example.com", "name=Ada Lovelace")["id"].(string)

	buys(b, h, customer, pro)
	portal := manages(b, h, customer, pro, team)
	pays(b, h, customer, portal)
}

// buys goes through the checkout.
func buys(b *browserTab, h *hostedStripe, customer, pro string) {
	b.Helper()
	session := h.post("/v1/checkout/sessions", "mode=subscription", "customer="+customer, "success_url="+h.shop+"/bought",
		"cancel_url="+h.shop+"/plans", "allow_promotion_codes=true",
		"line_items[0][price]="+pro, "line_items[0][quantity]=1", "line_items[0][adjustable_quantity][enabled]=true",
		"line_items[0][adjustable_quantity][minimum]=1",
		"consent_collection[terms_of_service]=required")
	b.open(session["url"].(string), "#card")
	b.look("checkout-1-open")
	b.press("#back", "#shop")
	b.shows("#shop", "plans")
	b.open(session["url"].(string), "#card")
	b.press(`button[aria-label="More Pro"]`, "output")
	b.shows(".total", "58.00 USD")
	b.fill("code=HELLO")
	b.press("button[value=promotion]", "#code-error")
	b.look("checkout-2-wrong-code")
	b.fill("code=WELCOME")
	b.press("button[value=promotion]", ".sums")
	b.shows(".total", "46.40 USD")
	b.choose("label:has([name=terms])")
	b.fill("card=4000 0000 0000 0002", "expiry=12 / 34", "cvc=123")
	b.press("button.full", "#problem")
	b.shows("#problem", "declined")
	b.look("checkout-3-declined")
	b.fill("card=4000 0027 6000 3184")
	b.press("button.full", "button[value=fail]")
	b.look("checkout-4-challenge")
	b.press("button[value=fail]", "#problem")
	b.look("checkout-5-failed")
	b.choose("label:has([name=terms])")
	b.fill("card=4000 0027 6000 3184", "expiry=12 / 34", "cvc=123")
	b.press("button.full", "button[value=pass]")
	b.press("button[value=pass]", "#shop")
	b.shows("#shop", "bought")
	b.open(session["url"].(string), "h1")
	b.look("checkout-6-complete")

	trial := h.post("/v1/checkout/sessions", "mode=subscription", "success_url="+h.shop+"/bought",
		"line_items[0][price]="+pro, "line_items[0][quantity]=1",
		"subscription_data[trial_period_days]=14", "payment_method_collection=if_required")["url"].(string)
	b.open(trial, "#later")
	b.look("checkout-7-trial")
	setup := h.post("/v1/checkout/sessions", "mode=setup", "currency=usd", "customer="+customer,
		"success_url="+h.shop+"/saved")["url"].(string)
	b.open(setup, "#card")
	b.look("checkout-8-setup")
	b.open(h.url+"/c/pay/cs_test_unknown", "h1")
	b.look("checkout-9-unknown")
}

// manages goes through the portal, and returns its address.
func manages(b *browserTab, h *hostedStripe, customer, pro, team string) (portal string) {
	b.Helper()
	product := func(price string) string {
		for _, known := range h.sim.Prices() {
			if known.ID == price {
				return known.Product
			}
		}
		return ""
	}
	const update = "features[subscription_update]"
	configuration := h.post("/v1/billing_portal/configurations", "features[payment_method_update][enabled]=true",
		"features[invoice_history][enabled]=true",
		"features[customer_update][enabled]=true", "features[customer_update][allowed_updates][0]=email",
		"features[customer_update][allowed_updates][1]=name",
		"features[customer_update][allowed_updates][2]=address", "features[subscription_cancel][enabled]=true",
		"features[subscription_cancel][cancellation_reason][enabled]=true",
		"features[subscription_cancel][cancellation_reason][options][0]=too_expensive",
		"features[subscription_cancel][cancellation_reason][options][1]=unused",
		update+"[enabled]=true", update+"[default_allowed_updates][0]=price", update+"[default_allowed_updates][1]=quantity",
		update+"[proration_behavior]=always_invoice",
		update+"[products][0][product]="+product(pro), update+"[products][0][prices][0]="+pro,
		update+"[products][1][product]="+product(team), update+"[products][1][prices][0]="+team,
		"business_profile[headline]=Acme Notes", "business_profile[privacy_policy_url]="+h.shop+"/privacy",
		"business_profile[terms_of_service_url]="+h.shop+"/terms")["id"].(string)
	portal = h.post("/v1/billing_portal/sessions", "customer="+customer, "configuration="+configuration,
		"return_url="+h.shop+"/account")["url"].(string)

	b.open(portal, ".plan")
	b.look("portal-1-home")
	b.press("#add-method", "#card")
	b.look("portal-2-add-card")
	b.fill("card=5555 5555 5555 4444", "expiry=12 / 34", "cvc=123")
	b.press("button.full", "[role=status]")
	b.press("#methods li:last-child a", "button[value=default]")
	b.look("portal-3-method")
	b.press("#back", ".plan")
	b.press("#edit-details", "#email")
	b.look("portal-4-details")
	b.fill("email=ada@example.com", "line1=12 St James’s Square", "city=London", "country=GB")
	b.press("button.full", "[role=status]")
	b.press(".plan a.update", "[name=price]")
	b.choose("label:has([value=" + team + "])")
	b.look("portal-5-update")
	b.press("button.full", "#due")
	b.look("portal-6-confirm")
	b.press("button[value=confirm]", "[role=status]")
	b.shows(".plan", "Team")
	b.press(".plan a.cancel", "#effect")
	b.choose("label:has([value=too_expensive])")
	b.fill("comment=Too much for me")
	b.look("portal-7-cancel")
	b.press("button.danger", "button[value=keep]")
	b.look("portal-8-canceled")
	b.press("button[value=keep]", ".plan a.cancel")
	b.shows("#details", "ada@example.com")
	return portal
}

// pays a renewal that failed.
func pays(b *browserTab, h *hostedStripe, customer, portal string) {
	b.Helper()
	if err := h.sim.SetCard(customer, "4000000000000341"); err != nil {
		b.Fatal(err)
	}
	h.sim.Advance(31*24*time.Hour + 2*time.Hour)
	b.open(portal, ".plan")
	b.look("portal-9-past-due")
	b.press(".plan a.button", "button.full")
	b.look("invoice-1-open")
	b.press("button.full", "[role=alert]")
	b.shows("[role=alert]", "declined")
	b.choose("label:has([value=card])")
	b.fill("card=4000 0027 6000 3184", "expiry=12 / 34", "cvc=123")
	b.look("invoice-2-another-card")
	b.choose("label:has([value=card])")
	b.press("button.full", "button[value=pass]")
	b.press("button[value=pass]", "[role=status]")
	b.look("invoice-3-paid")
	b.open(portal, ".plan")
	b.press("#return", "#shop")
	b.shows("#shop", "account")
}
