package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestMainJobInABrowser follows the README's instructions in a real browser. LOCKSTEP_SCREENSHOTS names a
// folder for screenshots.
func TestMainJobInABrowser(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	dev := startDev(t)

	b.do("sign up", chromedp.Navigate(dev.app), chromedp.Click("#sign-up", chromedp.NodeVisible),
		chromedp.SendKeys(`input[name=email]`, "ada@example.com", chromedp.NodeVisible),
		chromedp.SendKeys(`input[name=first_name]`, "Ada"), chromedp.SendKeys(`input[name=last_name]`, "Lovelace"),
		b.picture("1-sign-up"),
		chromedp.Submit(`input[name=email]`))
	b.until("#customer", "cus_")
	b.shows("#plan", "free")
	b.do("look", b.picture("2-signed-in"))

	b.do("buy", chromedp.Click("#buy-pro", chromedp.NodeVisible), chromedp.WaitVisible(`input[name=card]`),
		b.picture("3-checkout"))
	b.pay("4000 0000 0000 0002")
	b.waits("the refusal", func() bool { return strings.Contains(b.text("main"), "declined") })
	b.do("look", b.picture("4-declined"))
	// The redirect proves nothing: while the webhooks are held back, there is no access. (The work that
	// earlier deliveries caused must finish first, or its sync would see the payment.)
	b.waits("rest", func() bool {
		under, err := underway(dev.stripe, dev.lockstep, devAPIKey)
		return err == nil && under == ""
	})
	dev.deliveries(t, `{"hold":true}`)
	// While Stripe does not answer, the page claims nothing.
	dev.faults(t, "POST", `{"side":"stripe","method":"GET","path":"/v1/subscriptions","status":503,"times":1000}`)
	b.pay("4242 4242 4242 4242")
	b.waits("the activation page", func() bool { return b.text(`main[data-state=waiting]`) != "" })
	b.do("look", b.picture("4-activating"))
	dev.faults(t, "DELETE", "")
	// The webhooks are still held back: the page makes Lockstep ask Stripe.
	b.waits("the access", func() bool { return b.text(`main[data-state=active]`) != "" || b.text("#plan") != "" })
	b.do("look", b.picture("4-active"))
	b.until("#plan", "pro")
	dev.deliveries(t, `{"hold":false}`)
	b.shows("table", "paid")
	b.shows("#claims", `"plan": "pro"`)
	b.do("look", b.picture("5-pro"))

	b.do("cancel", chromedp.Click("#billing", chromedp.NodeVisible), chromedp.WaitVisible(`a.cancel`),
		b.picture("6-portal"),
		chromedp.Click(`a.cancel`, chromedp.NodeVisible), chromedp.WaitVisible(`button[value=cancel_at_period_end]`),
		b.picture("6-portal-cancel"),
		chromedp.Click(`button[value=cancel_at_period_end]`, chromedp.NodeVisible),
		chromedp.WaitVisible(`button[value=keep]`),
		chromedp.Navigate(dev.app))
	b.until("main", "Ends on ")
	b.shows("#plan", "pro")
	b.do("controls", chromedp.Navigate(dev.stripe+"/_sim"), chromedp.WaitVisible("#now"), b.picture("7-controls"))
	today := b.text("#now")
	b.do("let a month pass", chromedp.Click(`button[value="2678400"]`, chromedp.NodeVisible))
	b.waits("the clock", func() bool { now := b.text("#now"); return now != "" && now[:10] != today[:10] })
	b.do("back", chromedp.Navigate(dev.app))
	b.until("#plan", "free")
	b.shows("table", "ended")
	b.do("look", b.picture("8-ended"))

	b.do("profile", chromedp.Click("#profile", chromedp.NodeVisible), chromedp.WaitVisible(`button[value=delete]`),
		b.picture("9-account"))
	b.do("delete", chromedp.Click(`button[value=delete]`, chromedp.NodeVisible))
	b.waits("the customer to go", func() bool {
		_, customers, err := request([]string{"GET", dev.stripe + "/v1/customers", "key=" + devStripeKey})
		return err == nil && !strings.Contains(customers, "cus_")
	})
	b.do("home", chromedp.Navigate(dev.app), chromedp.WaitVisible("#sign-up"))
	if err := dev.stop(); err != nil {
		t.Errorf("dev ended with: %v", err)
	}
}

// devWorld is a running `lockstep dev`.
type devWorld struct {
	app, lockstep, stripe, clerk string
	cancel                       context.CancelFunc
	ended                        chan error
}

func (d *devWorld) stop() error {
	d.cancel()
	return <-d.ended
}

// deliveries changes how the Stripe simulator delivers.
func (d *devWorld) deliveries(t *testing.T, policy string) {
	t.Helper()
	if status, body, err := request([]string{"POST", d.stripe + "/_sim/delivery", "json=" + policy}); err != nil ||
		status != 200 {
		t.Fatalf("change deliveries: %d %v: %s", status, err, body)
	}
}

// faults adds a fault to the simulators, or removes all.
func (d *devWorld) faults(t *testing.T, method, fault string) {
	t.Helper()
	args := []string{method, d.stripe + "/_sim/faults"}
	if fault != "" {
		args = append(args, "json="+fault)
	}
	if status, body, err := request(args); err != nil || status >= 300 {
		t.Fatalf("%s faults: %d %v: %s", method, status, err, body)
	}
}

func startDev(t *testing.T) *devWorld {
	t.Helper()
	var addrs [4]string
	for i := range addrs {
		addr, err := freeAddr()
		if err != nil {
			t.Fatal(err)
		}
		addrs[i] = addr
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	d := &devWorld{app: "http://" + addrs[0], lockstep: "http://" + addrs[1], stripe: "http://" + addrs[2],
		clerk:  "http://" + addrs[3],
		cancel: cancel, ended: make(chan error, 1)}
	command := &devCommand{AppAddr: addrs[0], Addr: addrs[1], StripeAddr: addrs[2], ClerkAddr: addrs[3], Dir: t.TempDir(),
		Seed: 1}
	go func() {
		d.ended <- command.Run(ctx, &surroundings{getenv: os.Getenv, stdout: io.Discard, log: slog.New(slog.DiscardHandler)})
	}()
	t.Cleanup(cancel)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if status, _, err := request([]string{"GET", d.app}); err == nil && status == 200 {
			return d
		}
		select {
		case err := <-d.ended:
			t.Fatalf("dev ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatal("dev did not start")
	return nil
}

// browserTab drives one tab.
type browserTab struct {
	*testing.T
	ctx      context.Context
	pictures string
}

func startBrowser(t *testing.T) *browserTab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no chromium; `make test` installs it")
		}
		t.Skip("there is no chromium; `make test` installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WSURLReadTimeout(patience),
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1000, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, closeTab := chromedp.NewContext(allocator)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(func() { cancel(); closeTab(); stop() })
	return &browserTab{T: t, ctx: ctx, pictures: os.Getenv("LOCKSTEP_SCREENSHOTS")}
}

func (b *browserTab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatalf("%s: %v", what, err)
	}
}

func (b *browserTab) pay(card string) {
	b.Helper()
	b.do("pay with "+card, chromedp.SetValue(`input[name=card]`, card, chromedp.NodeVisible),
		chromedp.SetValue(`input[name=expiry]`, "12 / 34"), chromedp.SetValue(`input[name=cvc]`, "123"),
		chromedp.Submit(`input[name=card]`))
}

// waits retries until a condition holds.
func (b *browserTab) waits(what string, so func() bool) {
	b.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if so() {
			return
		}
	}
	b.do("look", b.picture("failed"))
	b.Fatalf("timed out waiting for %s; got %q", what, b.text("main"))
}

// text returns what an element shows; empty if it does not exist.
func (b *browserTab) text(selector string) string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`(document.querySelector(`+"`"+selector+"`"+`) || {}).textContent || ""`))
	if err != nil {
		return "" // while the page loads
	}
	return text
}

func (b *browserTab) shows(selector, part string) {
	b.Helper()
	b.do("wait for "+selector, chromedp.WaitReady(selector))
	if text := b.text(selector); !strings.Contains(text, part) {
		b.Fatalf("%s shows %q, not %q", selector, text, part)
	}
}

// until waits until an element shows the text. It reloads a page that does not reload itself.
func (b *browserTab) until(selector, part string) {
	b.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		if strings.Contains(b.text(selector), part) {
			return
		}
		if b.text("main[data-state]") == "" && b.text("#plan") != "" {
			b.do("reload", chromedp.Reload())
		}
	}
	b.do("look", b.picture("failed"))
	b.Fatalf("%s never shows %q, but %q", selector, part, b.text(selector))
}

// picture takes a screenshot of the whole page, if LOCKSTEP_SCREENSHOTS is set.
func (b *browserTab) picture(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if b.pictures == "" {
			return nil
		}
		png, err := chromedp.FullScreenshot(100)(ctx, t)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(b.pictures, name+".png"), png, 0o600)
	})
}
