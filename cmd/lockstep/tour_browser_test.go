package main

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/lockstep-dev/lockstep/simulator"
)

// TestTheGuidedTourFromStartToEnd follows the tour of dev. The page of the tour is open in a tab of its own,
// with its script, so that every mark must appear without a reload.
func TestTheGuidedTourFromStartToEnd(t *testing.T) {
	t.Parallel()
	guide := startBrowser(t)
	dev := startDev(t)
	guide.do("open the tour", chromedp.Navigate(dev.stripe+"/_sim/tour"), chromedp.WaitVisible("#step-buy"))
	guide.look("tour-1-start")
	guide.shows("#progress", "0 of 4")
	b := guide.anotherTab()

	b.signsUpAndBuys(dev)
	guide.marks("#step-buy")
	guide.do("arm", chromedp.Click("#arm", chromedp.NodeVisible), chromedp.WaitVisible("#active"))
	guide.shows("#active", "1 more time")
	guide.look("tour-2-armed")

	b.do("cancel", chromedp.Navigate(dev.app), chromedp.Click("#billing", chromedp.NodeVisible),
		chromedp.Click(`a.cancel`, chromedp.NodeVisible),
		chromedp.Click(`button[value=cancel_at_period_end]`, chromedp.NodeVisible), chromedp.WaitVisible(`button[value=keep]`))
	guide.waits("the loss", func() bool { return strings.Contains(guide.text("#step-lose"), "Lost: customer.subscription.updated") })
	guide.marks("#step-lose")
	guide.shows("#step-lose", "Found in Stripe's list of events after")
	guide.look("tour-3-recovered")
	b.do("back", chromedp.Navigate(dev.app))
	b.until("main", "Ends on ")

	if guide.text("#step-cancel.done") != "" {
		t.Error("the month is said to have passed")
	}
	guide.press("#month", "#step-cancel")
	guide.marks("#step-cancel")
	b.do("home", chromedp.Navigate(dev.app))
	b.until("#plan", "free")
	if guide.text("#step-delete.done") != "" {
		t.Error("the user is said to be deleted")
	}
	b.do("delete", chromedp.Click("#profile", chromedp.NodeVisible), chromedp.Click(`button[value=delete]`, chromedp.NodeVisible))
	guide.marks("#step-delete")
	guide.shows("#progress", "The tour is done")
	guide.look("tour-4-done")
	guide.controlsInTheDark(dev)
	if err := dev.stop(); err != nil {
		t.Errorf("dev ended with: %v", err)
	}
}

// controlsInTheDark looks at the pages of the controls in light and dark.
func (b *browserTab) controlsInTheDark(dev *devWorld) {
	b.Helper()
	dev.faults(b.T, "POST", `{"side":"clerk","path":"/nowhere","status":503}`)
	for _, scheme := range []string{"light", "dark"} {
		b.do("prefer "+scheme, prefersColor(scheme))
		for _, page := range []string{"", "/sequence", "/objects", "/tour"} {
			b.do("open", chromedp.Navigate(dev.stripe+"/_sim"+page), chromedp.WaitReady("h1"))
			if page == "/sequence" {
				b.do("unfold", chromedp.Click(".log li:nth-child(3) summary", chromedp.NodeVisible))
			}
			b.look("sim" + strings.ReplaceAll(page, "/", "-") + "-" + scheme)
		}
	}
}

// signsUpAndBuys does the first step in the sample app.
func (b *browserTab) signsUpAndBuys(dev *devWorld) {
	b.Helper()
	b.do("sign up", chromedp.Navigate(dev.app), chromedp.Click("#sign-up", chromedp.NodeVisible),
		chromedp.SendKeys(`input[name=email]`, "ada@example.com", chromedp.NodeVisible),
		chromedp.SendKeys(`input[name=first_name]`, "Ada"), chromedp.SendKeys(`input[name=last_name]`, "Lovelace"),
		chromedp.Submit(`input[name=email]`))
	b.until("#customer", "cus_")
	b.do("buy", chromedp.Click("#buy-pro", chromedp.NodeVisible), chromedp.WaitVisible(`input[name=card]`))
	b.pay("4242 4242 4242 4242")
	b.until("#plan", "pro")
}

// marks waits until a step of the tour is done.
func (b *browserTab) marks(step string) {
	b.Helper()
	b.waits(step+" to be done", func() bool { return b.text(step+".done") != "" })
}

// anotherTab opens a tab in the same browser.
func (b *browserTab) anotherTab() *browserTab {
	b.Helper()
	ctx, closeTab := chromedp.NewContext(b.ctx)
	b.Cleanup(closeTab)
	return &browserTab{T: b.T, ctx: ctx, pictures: b.pictures}
}

// prefersColor makes the page think that its reader prefers light or dark.
func prefersColor(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}

// withoutScripts makes the tab run no scripts of pages.
func withoutScripts() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
}

// TestTheButtonsWorkWithoutScripts breaks and mends the simulator in a browser that runs no scripts.
func TestTheButtonsWorkWithoutScripts(t *testing.T) {
	t.Parallel()
	b, h := startBrowser(t), startHosted(t)
	controls := h.url + "/_sim"
	answers := func() int {
		status, _, err := request([]string{"GET", h.url + "/v1/customers", "key=" + simulator.DefaultStripeKey})
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	b.do("turn scripts off", withoutScripts(), chromedp.Navigate(controls))
	b.press("#stripe-500", "#active")
	b.shows("#active", "Stripe's API answers 500 · ends at")
	if got := answers(); got != 500 {
		t.Errorf("Stripe answers %d", got)
	}
	b.look("sim-fault-without-scripts")
	b.press("#end-1", "#calm")
	if got := answers(); got != 200 {
		t.Errorf("after the end, Stripe answers %d", got)
	}
	b.press("#lose", "#end-2")
	b.press("#clerk-gone", "#end-3")
	b.press("#hold", "#release")
	b.fill("drop=25", "delay=30")
	b.press("#apply", "#release")
	b.shows("#active", "25 % of the webhooks are lost")
	b.shows("#active", "Webhooks are delayed by up to 30s")
	b.fill("amount=3")
	b.press("#advance", "#release")
	b.shows("#now", "3 days ahead")
	b.press("#end-all", "#calm")
	b.open(h.url+"/_sim/sequence?kind=api", ".log li")
	b.shows(".log pre", "Authorization: Bearer sk_test_…")
	b.look("sim-sequence-without-scripts")
}
