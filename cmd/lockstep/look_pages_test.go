package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/examples/acmenotes"
	"github.com/lockstep-dev/lockstep/internal/look"
	"github.com/lockstep-dev/lockstep/internal/out/email"
	"github.com/lockstep-dev/lockstep/internal/out/mailbox"
)

// mailPage is the mail page, with the e-mails of a test.
type mailPage struct {
	*testing.T
	mailbox.Mailbox
	url string
}

func startMails(t *testing.T) *mailPage {
	t.Helper()
	m := &mailPage{T: t}
	server := httptest.NewServer(&m.Mailbox)
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

func (m *mailPage) keep(e lockstep.Email) {
	m.Helper()
	if err := m.Deliver(m.Context(), e, func() error { return nil }); err != nil {
		m.Fatal(err)
	}
}

// deliver keeps an e-mail of a kind.
func (m *mailPage) deliver(to string, kind lockstep.NoticeKind) {
	m.Helper()
	emails, err := email.New(email.Config{App: "Acme Notes", AppURL: "https://acme.example/", Domain: "acme.example"})
	if err != nil {
		m.Fatal(err)
	}
	n := lockstep.NewNotice(kind, lockstep.Account{Kind: lockstep.User, ID: "user_1"}, "sub_1", time.Unix(0, 0))
	until := time.Date(2026, 12, 30, 12, 0, 0, 0, time.UTC)
	n.Facts = lockstep.Facts{Plan: "pro", Amount: 2000, Currency: "usd", Status: "active", Until: &until,
		InvoiceURL: "https://invoice.example/"}
	composed, err := emails.Compose(lockstep.EmailDraft{Notice: n, Address: to, Name: "Ada Lovelace"})
	if err != nil {
		m.Fatal(err)
	}
	m.keep(composed)
}

// attacks keeps an e-mail whose every part attacks the page.
func (m *mailPage) attacks() {
	m.keep(lockstep.Email{To: attack, Subject: attack, Text: attack, HTML: "<title>mail</title><b>" + attack})
}

// sampleApp is the sample app over servers that say what a test wants.
type sampleApp struct {
	*testing.T
	url     string
	account atomic.Value // Lockstep's answer, a string; empty: 503
	name    atomic.Value // the user's name, a string
	email   atomic.Value // their address, a string
}

func (a *sampleApp) Verify(context.Context, string) (lockstep.Session, error) {
	return lockstep.Session{UserID: "user_2abc", SessionID: "sess_1", Claims: map[string]any{"plan": "pro"}}, nil
}

func (a *sampleApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := a.account.Load().(string)
	switch {
	case strings.HasSuffix(r.URL.Path, "/tokens"):
		answer = `{"jwt":"ada"}`
	case strings.HasPrefix(r.URL.Path, "/v1/users/"):
		text, err := json.Marshal(map[string]any{"first_name": a.name.Load(), "primary_email_address_id": "idn_1",
			"email_addresses": []map[string]any{{"id": "idn_1", "email_address": a.email.Load()}}})
		if err != nil {
			a.Error(err)
		}
		answer = string(text)
	case answer == "":
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	if _, err := io.WriteString(w, answer); err != nil {
		a.Log(err) // the app may have stopped waiting
	}
}

func startApp(t *testing.T, style string) *sampleApp {
	t.Helper()
	a := &sampleApp{T: t}
	a.account.Store("")
	a.name.Store("Ada Lovelace")
	a.email.Store("ada@example.com")
	services := httptest.NewServer(a)
	t.Cleanup(services.Close)
	app := httptest.NewUnstartedServer(nil)
	a.url = "http://" + app.Listener.Addr().String()
	app.Config.Handler = acmenotes.New(acmenotes.Config{URL: a.url, LockstepURL: services.URL, ClerkURL: services.URL,
		ClerkAPI: services.URL, ClerkKey: "sk_test_1", Sessions: a, Offers: devOffers, Style: style, Icon: look.Icon,
		ConsoleURL: services.URL + "/console", MailURL: services.URL + "/mail", SimulatorURL: services.URL + "/_sim",
		HTTPClient: services.Client(), Log: slog.New(slog.DiscardHandler)})
	app.Start()
	t.Cleanup(app.Close)
	return a
}

// comeIn signs the browser in.
func (b *browserTab) comeIn(a *sampleApp) {
	b.Helper()
	b.do("forget other apps of this host", browse("Network.clearBrowserCookies", nil))
	b.open(a.url, "#sign-in")
	link, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector("#sign-in").href`))
	if err != nil {
		b.Fatal(err)
	}
	at, err := url.Parse(link)
	if err != nil {
		b.Fatal(err)
	}
	b.open(at.Query().Get("redirect_url")+"&__clerk_handshake=ada", "#plan")
}

// reason returns a reason of an account, as JSON.
func reason(status, why string, grants bool) string {
	text, err := json.Marshal(map[string]any{"object": "subscription", "id": "sub_1mc1buvwARTbDl2IUMqNoyrm",
		"status": status, "plan": "pro", "grants": grants, "why": why, "until": "2026-12-30T12:00:00Z"})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// accounts are Lockstep's answers of each state, by name.
func accounts() map[string]string {
	const until = `"until":"2026-12-30T12:00:00Z"`
	of := func(access string) string {
		return `{"customer_id":"cus_qQbDlRtGfEVx9A","access":{"features":["export","sharing"],"limits":{"notes":1000},` + access +
			`}}`
	}
	running := func(status, more string) string {
		return of(`"active":true,"plan":"pro","status":"` + status + `"` + more + `,"reasons":[` +
			reason(status, "paid", true) + `]`)
	}
	return map[string]string{
		"1-waiting":  "",
		"2-nothing":  `{"access":{"reasons":[]},"pending":true}`,
		"3-active":   running("active", ","+until),
		"4-ending":   running("active", ","+until+`,"ending":true`),
		"5-trial":    running("trialing", ","+until),
		"6-past-due": running("past_due", ","+until),
		"7-ended":    of(`"status":"canceled","reasons":[` + reason("canceled", "ended", false) + `]`),
		"8-lifetime": running("licensed", ""),
	}
}

// TestTheSampleAppInABrowser shows each state, with the shared style sheet and with its own.
func TestTheSampleAppInABrowser(t *testing.T) {
	b, a := startBrowser(t), startApp(t, look.Style)
	b.open(a.url, "#sign-in")
	b.seen("app-0-welcome")
	b.tabs("welcome")
	b.comeIn(a)
	for name, account := range accounts() {
		a.account.Store(account)
		b.open(a.url, "#plan")
		b.seen("app-" + name)
	}
	a.account.Store(accounts()["7-ended"])
	b.open(a.url, "#buy-pro")
	b.tabs("signed in")
	b.shows("#standing", "Ended on December 30, 2026")
	b.shows("#name", "Ada Lovelace")
	b.shows("#email", "ada@example.com")
	if link, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector("#why").href`)); err != nil ||
		!strings.HasSuffix(link, "/console/accounts/user/user_2abc") {
		t.Errorf("the link to the console is %q: %v", link, err)
	}

	a.name.Store(attack)
	a.email.Store(attack)
	evil, err := json.Marshal(attack)
	if err != nil {
		t.Fatal(err)
	}
	a.account.Store(strings.ReplaceAll(accounts()["3-active"], `"pro"`, string(evil)))
	b.open(a.url, "#plan")
	b.unharmed("sample app")
	b.seen("app-9-attack")

	b.scripts(false)
	own := startApp(t, "")
	b.comeIn(own)
	own.account.Store(accounts()["7-ended"])
	b.open(own.url, "#buy-pro")
	b.seen("app-own-style")
	b.press("#sign-out", "#sign-in")
}

// TestTheActivationPageInABrowser: each state, without a jump between waiting and active, and without scripts.
func TestTheActivationPageInABrowser(t *testing.T) {
	b, dev := startBrowser(t), startDev(t)
	b.open(dev.lockstep+"/activate?session_id=cs_test_never", "main[data-state=unknown]")
	b.seen("activate-1-unknown")
	b.tabs("activation")
	pay, activate := dev.buys(t)
	b.open(activate, "main[data-state=open]")
	b.seen("activate-2-open")

	dev.deliveries(t, `{"hold":true}`)
	dev.faults(t, "POST", `{"side":"stripe","method":"GET","path":"/v1/subscriptions","status":503,"times":1000}`)
	if status, body, err := request([]string{"POST", pay,
		"form=email=ada@example.com&card=4242424242424242&expiry=12/34&cvc=123"}); err != nil || status != 303 {
		t.Fatalf("pay: %d %v %s", status, err, body)
	}
	var waiting, active string
	b.waits("waiting", func() bool { waiting = b.place("waiting"); return waiting != "" })
	b.seen("activate-3-waiting")
	b.do("hold a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	waiting = b.place("waiting")
	b.scripts(false)
	b.open(activate, "main[data-state=waiting]")
	dev.faults(t, "DELETE", "")
	b.waits("active, without a script", func() bool { active = b.place("active"); return active != "" })
	if active != waiting {
		t.Errorf("the page jumps: mark, heading and text are at %s, then at %s", waiting, active)
	}
	b.waits("the app", func() bool { return b.text("#sign-up") != "" })
}

// place returns where the parts of the activation page are; empty in another state.
func (b *browserTab) place(state string) string {
	place, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector("main[data-state=`+state+`]") ?
		[...document.querySelectorAll(".card, .mark, h1, .card > p")].map(e =>
			e.localName + " " + Math.round(e.getBoundingClientRect().top)).join(", ") : ""`))
	if err != nil {
		return "" // while the page loads
	}
	return place
}

// buys signs a user up and starts a checkout. It returns Stripe's page and the activation page.
func (d *devWorld) buys(t *testing.T) (pay, activate string) {
	t.Helper()
	if status, body, err := request([]string{"POST", d.clerk + "/sign-up",
		"form=email=ada@example.com&first_name=Ada&last_name=Lovelace"}); err != nil || status != 303 {
		t.Fatalf("sign up: %d %v %s", status, err, body)
	}
	var users []struct{ ID string }
	_, body, err := request([]string{"GET", d.clerk + "/v1/users", "key=" + devClerkKey})
	if err == nil {
		err = json.Unmarshal([]byte(body), &users)
	}
	if err != nil || len(users) != 1 {
		t.Fatalf("users: %v %s", err, body)
	}
	var session struct{ ID, URL string }
	for deadline := time.Now().Add(patience); session.URL == "" && time.Now().Before(deadline); {
		_, body, err = request([]string{"POST", d.lockstep + "/v1/checkout", "key=" + devAPIKey,
			`json={"account":"user/` + users[0].ID + `","lookup_key":"pro_monthly","success_url":"` + d.app + `/"}`})
		if err == nil {
			err = json.Unmarshal([]byte(body), &session)
		}
		if err != nil {
			t.Fatalf("checkout: %v %s", err, body)
		}
	}
	return session.URL, d.lockstep + "/activate?session_id=" + session.ID
}
