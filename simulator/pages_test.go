package simulator_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// get fetches a page and returns status, location and text.
func (b *bench) get(path string) (int, string, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, path, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.page(request)
}

// submit posts a form as a browser on the same site does.
func (b *bench) submit(path string, form url.Values) (int, string, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.page(request)
}

func (b *bench) page(request *http.Request) (int, string, string) {
	b.t.Helper()
	response, err := b.http.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if response.Header.Get(simulator.MarkHeader) == "" {
		b.t.Errorf("%s does not say that it is a simulator", request.URL)
	}
	return response.StatusCode, response.Header.Get("Location"), string(text)
}

func says(t *testing.T, page string, wants ...string) {
	t.Helper()
	for _, want := range append(wants, "Simulator", "no real money", "viewport") {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
}

var goodCard = url.Values{"email": {"buyer@example.com"}, "method": {"card"}, "card": {"4242 4242 4242 4242"},
	"expiry": {"12 / 34"}, "cvc": {"123"}}

func card(number string) url.Values {
	form := url.Values{"email": {"buyer@example.com"}, "method": {"card"}, "card": {number}, "expiry": {"12/34"},
		"cvc": {"123"}}
	return form
}

func TestABuyerPaysOnTheCheckoutPage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.session("subscription", monthly(b), nil)
		status, _, page := b.get(session.URL)
		says(t, page, "29.00 USD", "Pro", "/ month", "4242 4242 4242 4242", "http://app.test/plans", `name="card"`)
		if filled := parsed(t, page).value("input[name=card]", "value"); status != http.StatusOK || filled != "" {
			t.Errorf("status %d, card prefilled with %q", status, filled)
		}
		for number, want := range map[string]string{"4000000000000002": "Your card was declined.",
			"4000000000009995": "Your card has insufficient funds.", "4111111111111111": "Your card number is incorrect."} {
			if status, _, page := b.submit(session.URL, card(number)); status != http.StatusPaymentRequired ||
				!strings.Contains(page, want) {
				t.Errorf("card %s: %d without %q", number, status, want)
			}
		}
		expired := card("4242424242424242")
		expired.Set("expiry", "11/99")
		if _, _, page := b.submit(session.URL, expired); !strings.Contains(page, "in the past") {
			t.Error("an expired card is taken")
		}
		began := time.Now()
		status, location, _ := b.submit(session.URL, goodCard)
		if status != http.StatusSeeOther || location != "http://app.test/ok?session="+session.ID {
			t.Errorf("after paying: %d to %s", status, location)
		}
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("the page waited %s although the webhook was answered", waited)
		}
		_, _, page = b.get(session.URL)
		says(t, page, "already complete")
		if got := b.Customers()[0].Email; got != "buyer@example.com" {
			t.Errorf("the customer's e-mail is %q", got)
		}
	})
}

func TestThePageWaitsTenSecondsForAnUnansweredWebhook(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.inbox.answer = func(r received, _ int) int {
			if r.kind == "checkout.session.completed" {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
		session := b.session("subscription", monthly(b), nil)
		began := time.Now()
		if status, _, _ := b.submit(session.URL, goodCard); status != http.StatusSeeOther {
			t.Errorf("status is %d", status)
		}
		if waited := time.Since(began).Round(time.Second); waited != 10*time.Second {
			t.Errorf("the page waited %s, want 10 s", waited)
		}
	})
}

func TestAnExpiredCheckoutSaysSo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.session("subscription", monthly(b), nil)
		b.Advance(25 * time.Hour)
		status, _, page := b.get(session.URL)
		says(t, page, "expired", "http://app.test/plans")
		if status != http.StatusGone {
			t.Errorf("status is %d", status)
		}
		if status, _, _ := b.get(stripeHost + "/c/pay/cs_test_x"); status != http.StatusNotFound {
			t.Errorf("an unknown session answers %d", status)
		}
	})
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.session("subscription", monthly(b), nil)
		for _, path := range []string{session.URL, stripeHost + "/_sim/advance", clerkHost + "/sign-up"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(goodCard.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Sec-Fetch-Site", "cross-site")
			if status, _, _ := b.page(request); status != http.StatusForbidden {
				t.Errorf("%s answers %d to a form of another site", path, status)
			}
		}
	})
}

func TestAPersonSignsUpAndComesBackWithAToken(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		b.http.Jar = jar
		back := "?redirect_url=" + url.QueryEscape("http://localhost:3000/app?x=1")
		_, _, page := b.get(clerkHost + "/sign-up" + back)
		says(t, page, `name="email"`, `name="first_name"`, "Sign in")
		status, location, _ := b.submit(clerkHost+"/sign-up"+back,
			url.Values{"email": {"ada@example.com"}, "first_name": {"Ada"}})
		target, err := url.Parse(location)
		if err != nil || status != http.StatusSeeOther || target.Host != "localhost:3000" ||
			target.Query().Get("x") != "1" || strings.Count(target.Query().Get("__clerk_handshake"), ".") != 2 {
			t.Fatalf("after sign-up: %d to %s", status, location)
		}
		if got := payload(t, target.Query().Get("__clerk_handshake")); got["azp"] != "http://localhost:3000" ||
			got["sub"] != b.Users()[0].ID || got["iss"] != clerkHost {
			t.Errorf("the token says %v", got)
		}
		if status, location, _ = b.get(clerkHost + "/sign-in" + back); status != http.StatusSeeOther ||
			!strings.Contains(location, "__clerk_handshake=") {
			t.Errorf("a signed-in browser is not sent straight back: %d to %s", status, location)
		}
		_, _, page = b.get(clerkHost + "/user")
		says(t, page, "ada@example.com", "Public metadata", "Delete account")
		b.submit(clerkHost+"/user", url.Values{"action": {"save"}, "email": {"ada@new.example.com"}, "first_name": {"Ada"},
			"last_name": {"L"}})
		if got := b.Users()[0]; got.Email != "ada@new.example.com" || got.LastName != "L" {
			t.Errorf("user is %+v", got)
		}
		if _, location, _ = b.get(clerkHost + "/sign-out?redirect_url=" +
			url.QueryEscape("http://127.0.0.1:3000/")); location != "http://127.0.0.1:3000/" {
			t.Errorf("sign-out leads to %s", location)
		}
		if _, location, _ = b.get(clerkHost + "/user"); location != "/sign-in" {
			t.Errorf("the account page of nobody leads to %q", location)
		}
		if status, _, page = b.submit(clerkHost+"/sign-in",
			url.Values{"email": {"nobody@example.com"}}); status != http.StatusUnprocessableEntity {
			t.Errorf("nobody can sign in: %d %s", status, page)
		}
		b.submit(clerkHost+"/sign-in", url.Values{"email": {"ada@new.example.com"}})
		b.submit(clerkHost+"/user", url.Values{"action": {"delete"}})
		if len(b.Users()) != 0 {
			t.Error("the account is still there")
		}
	})
}

// payload decodes a token without verifying it.
func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestATokenIsNotSentToAnotherMachine(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for _, target := range []string{"https://evil.example/", "//evil.example/", "javascript:alert(1)",
			"http://localhost@evil.example/", "http://localhost.evil.example/"} {
			status, location, page := b.submit(clerkHost+"/sign-up?redirect_url="+url.QueryEscape(target),
				url.Values{"email": {"a@example.com"}})
			if status != http.StatusBadRequest || location != "" {
				t.Errorf("%s: %d to %s", target, status, location)
			}
			says(t, page, "This redirect is not allowed")
		}
	})
}

func TestTheControlsShowStateAndMoveTheClock(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.subscribed(monthly(b))
		b.settle()
		requests := len(b.History())
		_, _, page := b.get(stripeHost + "/_sim")
		says(t, page, sub.ID, "buyer@example.com", "Advance 31 days", "customer.created", "/v1/checkout/sessions")
		if status, location, _ := b.submit(clerkHost+"/_sim/advance",
			url.Values{"seconds": {"2678400"}}); status != http.StatusSeeOther || location != "/_sim" {
			t.Errorf("advance: %d to %s", status, location)
		}
		if got := time.Until(b.Now()).Round(day); got != 31*day {
			t.Errorf("the clock is %s ahead", got)
		}
		_, _, page = b.get(stripeHost + "/_sim")
		says(t, page, "31 days ahead of this machine")
		_, fault := b.send("POST", stripeHost+"/_sim/faults", map[string]string{"Content-Type": "application/json"},
			`{"side":"stripe","status":503,"times":1}`)
		if fault["id"] == nil {
			t.Errorf("fault answered %v", fault)
		}
		if response, _ := b.send("GET", stripeHost+"/v1/customers", nil,
			""); response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("the fault does not strike: %d", response.StatusCode)
		}
		if _, policy := b.send("POST", clerkHost+"/_sim/delivery", nil, `{"hold":true}`); policy["hold"] != true {
			t.Errorf("delivery answered %v", policy)
		}
		for _, entry := range b.History()[requests:] {
			if strings.Contains(entry.Path, "/_sim") {
				t.Errorf("a control request is in the history: %+v", entry)
			}
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, stripeHost+"/_sim/state", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "rebound.example"
		if status, _, _ := b.foreign(request); status != http.StatusMisdirectedRequest {
			t.Errorf("the controls answer %d to a foreign name", status)
		}
	})
}

// foreign sends a request under another host name than the network's.
func (b *bench) foreign(request *http.Request) (int, string, string) {
	handler := b.http.Transport.(network)[request.URL.Scheme+"://"+request.URL.Host]
	wires := network{"http://" + request.Host: handler}
	client := &http.Client{Transport: wires}
	request.URL.Host = request.Host
	response, err := client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, "", ""
}
