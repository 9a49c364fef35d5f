package stripesim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

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
		session := b.Session("subscription", b.Monthly(), nil)
		status, _, page := b.Get(session.URL)
		simharness.Says(t, page, "29.00 USD", "Pro", "/ month", "4242 4242 4242 4242", "http://app.test/plans", `name="card"`)
		if filled := simharness.Parsed(t, page).Value("input[name=card]", "value"); status != http.StatusOK || filled != "" {
			t.Errorf("status %d, card prefilled with %q", status, filled)
		}
		for number, want := range map[string]string{"4000000000000002": "Your card was declined.",
			"4000000000009995": "Your card has insufficient funds.", "4111111111111111": "Your card number is incorrect."} {
			if status, _, page := b.Submit(session.URL, card(number)); status != http.StatusPaymentRequired ||
				!strings.Contains(page, want) {
				t.Errorf("card %s: %d without %q", number, status, want)
			}
		}
		expired := card("4242424242424242")
		expired.Set("expiry", "11/99")
		if _, _, page := b.Submit(session.URL, expired); !strings.Contains(page, "in the past") {
			t.Error("an expired card is taken")
		}
		began := time.Now()
		status, location, _ := b.Submit(session.URL, goodCard)
		if status != http.StatusSeeOther || location != "http://app.test/ok?session="+session.ID {
			t.Errorf("after paying: %d to %s", status, location)
		}
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("the page waited %s although the webhook was answered", waited)
		}
		_, _, page = b.Get(session.URL)
		simharness.Says(t, page, "already complete")
		if got := b.Customers()[0].Email; got != "buyer@example.com" {
			t.Errorf("the customer's e-mail is %q", got)
		}
	})
}

func TestThePageWaitsTenSecondsForAnUnansweredWebhook(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Inbox.Answer = func(r simharness.Received, _ int) int {
			if r.Kind == "checkout.session.completed" {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
		session := b.Session("subscription", b.Monthly(), nil)
		began := time.Now()
		if status, _, _ := b.Submit(session.URL, goodCard); status != http.StatusSeeOther {
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
		session := b.Session("subscription", b.Monthly(), nil)
		b.Advance(25 * time.Hour)
		status, _, page := b.Get(session.URL)
		simharness.Says(t, page, "expired", "http://app.test/plans")
		if status != http.StatusGone {
			t.Errorf("status is %d", status)
		}
		if status, _, _ := b.Get(simharness.StripeHost + "/c/pay/cs_test_x"); status != http.StatusNotFound {
			t.Errorf("an unknown session answers %d", status)
		}
	})
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), nil)
		for _, path := range []string{session.URL, simharness.StripeHost + "/_sim/advance", simharness.ClerkHost + "/sign-up"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(goodCard.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Sec-Fetch-Site", "cross-site")
			if status, _, _ := b.Page(request); status != http.StatusForbidden {
				t.Errorf("%s answers %d to a form of another site", path, status)
			}
		}
	})
}
