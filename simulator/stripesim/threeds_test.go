package stripesim_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

const asksAlways = "4000002760003184"

// asked pays a session with a card that requires 3-D Secure, and returns the
// waiting intent.
func (b *bench) asked(session, card string) string {
	b.T.Helper()
	var asked *simulator.StripeError
	if err := b.PayCheckout(session, card); !errors.As(err, &asked) || asked.Code != "authentication_required" {
		b.T.Fatalf("error is %v, want authentication_required", err)
	}
	return asked.PaymentIntent
}

func TestACheckoutWaitsForTheChallengeAndIsPaidAfterIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), nil)
		before := b.Mark()
		intent := b.asked(session.ID, asksAlways)
		if diff := cmp.Diff([]string{"payment_intent.created", "payment_intent.requires_action"},
			b.EventsSince(before)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if got := b.CheckoutSessions()[0]; got.Status != "open" || got.PaymentStatus != "unpaid" ||
			len(b.Customers())+len(b.Subscriptions())+len(b.Charges()) != 0 {
			t.Fatalf("while it waits the session is %s and %s, with %d customers, %d subscriptions, %d charges", got.Status,
				got.PaymentStatus,
				len(b.Customers()), len(b.Subscriptions()), len(b.Charges()))
		}
		if err := b.Authenticate(intent, true); err != nil {
			t.Fatal(err)
		}
		if got := b.CheckoutSessions()[0]; got.Status != "complete" || got.PaymentStatus != "paid" {
			t.Errorf("after it the session is %s and %s", got.Status, got.PaymentStatus)
		}
		if got := b.Subscriptions(); len(got) != 1 || got[0].Status != "active" {
			t.Errorf("subscriptions are %+v", got)
		}
		if err := b.Authenticate(intent, true); err == nil {
			t.Error("a challenge can be decided twice")
		}
	})
}

func TestAFailedChallengeLeavesTheCheckoutOpen(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("payment", b.AddPlan(simulator.Plan{ProductName: "Lifetime", Amount: 9900}), nil)
		intent := b.asked(session.ID, asksAlways)
		var failed *simulator.StripeError
		if err := b.Authenticate(intent, false); !errors.As(err, &failed) ||
			failed.Code != "payment_intent_authentication_failure" {
			t.Errorf("error is %v", err)
		}
		if kinds := b.EventsSince(""); kinds[len(kinds)-1] != "payment_intent.payment_failed" || len(b.Charges()) != 0 {
			t.Errorf("events are %v with %d charges", kinds, len(b.Charges()))
		}
		if got := b.CheckoutSessions()[0]; got.Status != "open" {
			t.Fatalf("session is %s", got.Status)
		}
		if err := b.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Errorf("another card: %v", err)
		}
	})
}

func TestACardCanBeDeclinedAfterItsChallenge(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("payment", b.AddPlan(simulator.Plan{ProductName: "Lifetime", Amount: 9900}), nil)
		var declined *simulator.StripeError
		if err := b.Authenticate(b.asked(session.ID, "4000008400001629"), true); !errors.As(err, &declined) ||
			declined.Code != "card_declined" {
			t.Errorf("error is %v, want card_declined", err)
		}
		if got := b.CheckoutSessions()[0]; got.Status != "open" {
			t.Errorf("session is %s", got.Status)
		}
	})
}

func TestTheChallengePageLeadsBackToTheCheckout(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("payment", b.AddPlan(simulator.Plan{ProductName: "Lifetime", Amount: 9900}), nil)
		card := url.Values{"email": {"a@example.com"}, "card": {asksAlways}, "expiry": {"12 / 34"}, "cvc": {"123"}}
		challenge := b.leads(session.URL, card)
		if !strings.HasPrefix(challenge, simharness.StripeHost+"/3ds/pi_") {
			t.Fatalf("the buyer is sent to %s", challenge)
		}
		if back := b.leads(challenge, url.Values{"outcome": {"fail"}}); back != session.URL {
			t.Errorf("after a failed challenge the buyer is sent to %s", back)
		}
		challenge = b.leads(session.URL, card)
		if on := b.leads(challenge, url.Values{"outcome": {"pass"}}); on != "http://app.test/ok?session="+session.ID {
			t.Errorf("after a passed challenge the buyer is sent to %s", on)
		}
	})
}

// leads submits a page's form and returns the redirect.
func (b *bench) leads(address string, form url.Values) string {
	b.T.Helper()
	status, location, text := b.Submit(address, form)
	if status != http.StatusSeeOther {
		b.T.Fatalf("%s answers %d: %s", address, status, text)
	}
	return location
}

func TestACardAuthenticatedInACheckoutRenewsByItself(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), nil)
		if err := b.Authenticate(b.asked(session.ID, "4000002500003155"), true); err != nil {
			t.Fatal(err)
		}
		sub := b.Subscriptions()[0]
		b.Advance(sub.PeriodEnd().Sub(b.Now()) + 2*time.Hour)
		if got := b.Subscription(sub.ID).Status; got != "active" || len(b.Charges()) != 2 {
			t.Errorf("after its renewal it is %s with %d charges, want active with 2", got, len(b.Charges()))
		}
	})
}
