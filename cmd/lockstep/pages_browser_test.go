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

// hostedStripe is a simulated Stripe with its pages, and the shop that they lead
// back to.
type hostedStripe struct {
	*testing.T
	sim  *simulator.Simulator
	url  string
	shop string
}

func startHosted(t *testing.T) *hostedStripe {
	t.Helper()
	h := &hostedStripe{T: t}
	stripe := httptest.NewUnstartedServer(nil)
	h.url = "http://" + stripe.Listener.Addr().String()
	sim, err := simulator.New(simulator.Config{Seed: 1, StripeURL: h.url, ClerkURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	h.sim, stripe.Config.Handler = sim, sim.StripeHandler()
	stripe.Start()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<p id="shop">%s</p>`, strings.TrimPrefix(r.URL.Path, "/")) // the browser is there
	}))
	h.shop = shop.URL
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
	response, err := http.DefaultClient.Do(request)
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

// look checks what every page owes to a person with a phone, at a phone's
// width, and leaves pictures at both widths.
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

// flawsOfPage is what is wrong with a page: wider than the screen, things too
// small for a finger, fields without a label, no word that it is a simulator.
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

// press clicks and waits until another page is there and has what is named.
func (b *browserTab) press(selector, then string) {
	b.Helper()
	b.do("press "+selector, chromedp.Evaluate[chromedp.Void](`document.body.id = "left"`), chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	b.waits(then+" after "+selector, func() bool {
		found, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.readyState == "complete" && document.body.id != "left" && !!document.querySelector(`+"`"+then+"`"+`)`))
		return err == nil && found
	})
}

// choose clicks on something that stays on the page.
func (b *browserTab) choose(selector string) {
	b.Helper()
	b.do("choose "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

func (b *browserTab) open(address, then string) {
	b.Helper()
	b.do("open "+address, chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS(then)))
}

// TestAPersonUsesThePortalInABrowser changes, cancels and pays on Stripe's
// pages. It is not parallel: two browsers at once would slow the main job down.
func TestAPersonUsesThePortalInABrowser(t *testing.T) {
	b, h := startBrowser(t), startHosted(t)
	pro := h.sim.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro", Amount: 2900, Interval: "month"})
	customer := h.post("/v1/customers", "email=ada.lovelace@example.com", "name=Ada Lovelace")["id"].(string)
	session := h.post("/v1/checkout/sessions", "mode=subscription", "customer="+customer, "success_url="+h.shop+"/bought", "line_items[0][price]="+pro, "line_items[0][quantity]=1")
	if err := h.sim.PayCheckout(session["id"].(string), "4242424242424242"); err != nil {
		t.Fatal(err)
	}
	portal := h.post("/v1/billing_portal/sessions", "customer="+customer, "return_url="+h.shop+"/account")["url"].(string)

	b.open(portal, ".plan")
	b.look("portal-1-home")
	b.press("#add-method", "#card")
	b.look("portal-2-add-card")
	b.fill("card=5555 5555 5555 4444", "expiry=12 / 34", "cvc=123")
	b.press("button.full", "[role=status]")
	b.look("portal-3-card-added")
	b.press("#methods li:last-child a", "button[value=default]")
	b.look("portal-4-method")
	b.press("button[value=default]", "[role=status]")
	b.press("#edit-details", "#email")
	b.look("portal-5-details")
	b.fill("email=ada@example.com")
	b.press("button.full", "[role=status]")
	b.press(".plan a.cancel", "#effect")
	b.look("portal-6-cancel")
	b.choose("label:has([value=too_expensive])")
	b.fill("comment=Too much for me")
	b.press("button.danger", "button[value=keep]")
	b.look("portal-7-canceled")
	b.press("button[value=keep]", ".plan a.cancel")
	b.shows("#details", "ada@example.com")

	if err := h.sim.SetCard(customer, "4000000000000341"); err != nil {
		t.Fatal(err)
	}
	h.sim.Advance(31*24*time.Hour + 2*time.Hour)
	b.open(portal, ".plan")
	b.look("portal-8-past-due")
	b.press(".plan a.button", "button.full")
	b.look("invoice-1-open")
	b.press("button.full", "[role=alert]")
	b.look("invoice-2-declined")
	b.choose("label:has([value=card])")
	b.fill("card=4000 0027 6000 3184", "expiry=12 / 34", "cvc=123")
	b.press("button.full", "button[value=pass]")
	b.look("challenge")
	b.press("button[value=pass]", "[role=status]")
	b.look("invoice-3-paid")
	b.open(portal, ".plan")
	b.press("#return", "#shop")
	b.shows("#shop", "account")
}
