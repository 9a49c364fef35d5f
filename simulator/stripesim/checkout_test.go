package stripesim_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"
	"github.com/stripe/stripe-go/v86/webhook"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestSubscriptionCheckoutDeliversSignedEventsInCausalOrder(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.AddPlan(simulator.Plan{ProductName: "Pro", Amount: 2900, Interval: "month", Features: []string{"seats"}})
		customer := b.Customer("buyer@example.com")
		session := b.Session("subscription", price, func(p *stripe.CheckoutSessionCreateParams) {
			p.Customer = &customer.ID
			p.ClientReferenceID = stripe.String("user_1")
			p.Metadata = map[string]string{"on": "session"}
			p.SubscriptionData = &stripe.CheckoutSessionCreateSubscriptionDataParams{
				Metadata: map[string]string{"on": "subscription"}}
		})
		b.Settle()
		before := len(b.Inbox.All())
		if err := b.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		paidAt := time.Now()
		b.Settle()
		want := []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "payment_method.attached",
			"customer.updated",
			"invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded", "customer.subscription.created",
			"entitlements.active_entitlement_summary.updated", "checkout.session.completed", "invoice_payment.paid"}
		if diff := cmp.Diff(want, b.Inbox.Kinds()[before:]); diff != "" {
			t.Errorf("types in order of arrival (-want +got):\n%s", diff)
		}
		for _, in := range b.Inbox.All() {
			event, err := webhook.ConstructEvent(in.Body, in.Header.Get("Stripe-Signature"), simharness.StripeSecret)
			if err != nil {
				t.Fatalf("%s does not verify: %v", in.Kind, err)
			}
			switch event.Type {
			case "invoice.created":
				assertField(t, event, "draft", "status")
			case "customer.subscription.created":
				assertField(t, event, "active", "status")
				assertField(t, event, "subscription", "metadata", "on")
			case "checkout.session.completed":
				assertField(t, event, "user_1", "client_reference_id")
				assertField(t, event, "paid", "payment_status")
			case "invoice_payment.paid":
				if late := in.At.Sub(paidAt); late < time.Second || late > 3*time.Second {
					t.Errorf("invoice_payment.paid came %s after the payment, want 1 to 3 s", late)
				}
			}
		}
	})
}

func assertField(t *testing.T, event stripe.Event, want string, path ...string) {
	t.Helper()
	var at any
	if err := json.Unmarshal(event.Data.Raw, &at); err != nil {
		t.Fatal(err)
	}
	for _, name := range path {
		at = at.(map[string]any)[name]
	}
	if at != want {
		t.Errorf("%s: %v is %v, want %v", event.Type, path, at, want)
	}
}

func TestSubscriptionCheckoutWithoutCustomerMakesOne(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(),
			func(p *stripe.CheckoutSessionCreateParams) { p.CustomerEmail = stripe.String("new@example.com") })
		if err := b.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		customers := b.Customers()
		if len(customers) != 1 || customers[0].Email != "new@example.com" {
			t.Fatalf("customers are %+v, want one with the session's e-mail", customers)
		}
		if got := b.CheckoutSessions()[0]; got.Customer != customers[0].ID || got.Status != "complete" ||
			got.Subscription == "" {
			t.Errorf("session is %+v", got)
		}
	})
}

func TestPaymentCheckoutMakesACustomerOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.AddPlan(simulator.Plan{ProductName: "Lifetime", Amount: 9900})
		guest := b.Session("payment", price, nil)
		before := b.Mark()
		if err := b.PayCheckout(guest.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		want := []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
			"checkout.session.completed"}
		if diff := cmp.Diff(want, b.EventsSince(before)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if len(b.Customers()) != 0 {
			t.Errorf("a guest checkout made customers: %+v", b.Customers())
		}
		always := b.Session("payment", price, func(p *stripe.CheckoutSessionCreateParams) { p.CustomerCreation = stripe.String("always") })
		if err := b.PayCheckout(always.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		if len(b.Customers()) != 1 {
			t.Errorf("customer_creation=always made %d customers, want 1", len(b.Customers()))
		}
	})
}

func TestADeclinedCardLeavesTheSessionOpen(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), nil)
		before := b.Mark()
		err := b.PayCheckout(session.ID, "4000000000000002")
		var declined *simulator.StripeError
		if !errors.As(err, &declined) || declined.Code != "card_declined" || declined.Message != "Your card was declined." {
			t.Fatalf("error is %v, want card_declined", err)
		}
		if err := b.PayCheckout(session.ID, "4000 0000 0000 9995"); !errors.As(err, &declined) ||
			declined.DeclineCode != "insufficient_funds" {
			t.Fatalf("error is %v, want insufficient_funds", err)
		}
		want := []string{"payment_intent.created", "charge.failed", "payment_intent.payment_failed", "charge.failed",
			"payment_intent.payment_failed"}
		if diff := cmp.Diff(want, b.EventsSince(before)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if got := b.CheckoutSessions()[0]; got.Status != "open" || len(b.Customers()) != 0 {
			t.Errorf("session %+v, customers %+v", got, b.Customers())
		}
		if err := b.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Errorf("the session cannot be paid after a decline: %v", err)
		}
		if err := b.PayCheckout(session.ID, "4242424242424242"); err == nil {
			t.Error("a session can be paid twice")
		}
	})
}

func TestADelayedPaymentIsDecidedADayLater(t *testing.T) {
	t.Parallel()
	for card, want := range map[string]string{"sepa": "checkout.session.async_payment_succeeded",
		"sepa_fail": "checkout.session.async_payment_failed"} {
		t.Run(card, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				session := b.Session("payment", b.AddPlan(simulator.Plan{ProductName: "Lifetime", Amount: 9900}), nil)
				if err := b.PayCheckout(session.ID, card); err != nil {
					t.Fatal(err)
				}
				if got := b.CheckoutSessions()[0]; got.Status != "complete" || got.PaymentStatus != "unpaid" {
					t.Fatalf("session is %s and %s, want complete and unpaid", got.Status, got.PaymentStatus)
				}
				b.Advance(25 * time.Hour)
				kinds := b.EventsSince("")
				if last := kinds[len(kinds)-1]; last != want {
					t.Errorf("last event is %s, want %s", last, want)
				}
				if paid := b.CheckoutSessions()[0].PaymentStatus == "paid"; paid != (card == "sepa") {
					t.Errorf("paid is %v", paid)
				}
			})
		})
	}
}

func TestAnUnpaidSessionExpiresAfterADay(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), nil)
		b.Advance(24 * time.Hour)
		if kinds := b.EventsSince(""); kinds[len(kinds)-1] != "checkout.session.expired" {
			t.Errorf("events are %v", kinds)
		}
		if err := b.PayCheckout(session.ID, "4242424242424242"); err == nil {
			t.Error("an expired session can be paid")
		}
	})
}

func TestATrialIsFreeAndThenCharged(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), func(p *stripe.CheckoutSessionCreateParams) {
			p.SubscriptionData = &stripe.CheckoutSessionCreateSubscriptionDataParams{TrialPeriodDays: stripe.Int64(14)}
		})
		if err := b.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		id := b.CheckoutSessions()[0].Subscription
		if got := b.CheckoutSessions()[0].PaymentStatus; got != "no_payment_required" {
			t.Errorf("payment status is %s", got)
		}
		if got := b.Subscription(id); got.Status != "trialing" || len(b.Charges()) != 0 {
			t.Fatalf("subscription is %s with %d charges, want trialing with none", got.Status, len(b.Charges()))
		}
		before := b.Mark()
		b.Advance(11 * 24 * time.Hour)
		if diff := cmp.Diff([]string{"invoice.upcoming", "customer.subscription.trial_will_end"},
			b.EventsSince(before)); diff != "" {
			t.Errorf("events up to three days before the end (-want +got):\n%s", diff)
		}
		b.Advance(3*24*time.Hour + 2*time.Hour)
		if got := b.Subscription(id); got.Status != "active" || len(b.Charges()) != 1 {
			t.Errorf("subscription is %s with %d charges, want active with one", got.Status, len(b.Charges()))
		}
		if !slices.Contains(b.EventsSince(before), "invoice.paid") {
			t.Errorf("no invoice was paid after the trial: %v", b.EventsSince(before))
		}
	})
}
