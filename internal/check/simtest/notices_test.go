package simtest

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// repeatable are the kinds that can notify several times about one subscription or license: once
// for each invoice, refund or period, or each time that access ended.
var repeatable = []string{"access.ended", "payment.failed", "payment.action_required", "payment.refunded",
	"subscription.renewal_upcoming"}

// giveBack refunds a payment; 0 is all of it.
func (w *world) giveBack(payment string, amount int64) {
	err := w.sim.Refund(payment, amount)
	w.say("refund %d of %s: %v", amount, payment, err)
	if err == nil {
		w.refunded[payment] = append(w.refunded[payment], time.Now())
	}
}

// checkRefunds compares what notices say was refunded of each one-time payment with what was.
// No notice is owed of a refund that Lockstep could not see for days, or that was made before
// it told of the payment.
func (c *checker) checkRefunds() {
	told, granted := map[string]int64{}, map[string]time.Time{}
	for account := range c.answers {
		a, err := lockstep.ParseAccount(account)
		if err != nil {
			c.wrong("%v", err)
			continue
		}
		notices, err := c.service.store.Notices(context.Background(), a)
		if err != nil {
			c.wrong("notices of %s: %v", account, err)
		}
		for _, n := range notices {
			switch n.Kind {
			case lockstep.NoticePaymentRefunded:
				told[n.Object] += n.Facts.Amount
			case lockstep.NoticeLicenseGranted:
				granted[n.Object] = n.CreatedAt
			}
		}
	}
	refunded := map[string]int64{}
	for _, charge := range c.sim.Charges() {
		refunded[charge.PaymentIntent] += charge.Refunded
	}
	for _, s := range c.sim.CheckoutSessions() {
		is, at := refunded[s.PaymentIntent], c.world.refunded[s.PaymentIntent]
		if s.PaymentIntent == "" || s.Mode != "payment" {
			continue
		}
		since, known := granted[s.ID]
		owed := known && !c.away && len(at) > 0 && since.Before(at[0])
		if told[s.ID] > is || owed && told[s.ID] != is {
			c.wrong("%d of %s was refunded, and notices tell of %d", is, s.ID, told[s.ID])
		}
	}
}

// mailed returns how many e-mails of each kind an account was sent.
func (w *world) mailed(account string) map[string]int {
	w.t.Helper()
	sent := map[string]int{}
	for _, n := range w.ask(account).Notices {
		mail, err := w.service.store.EmailDelivery(w.t.Context(), n.ID, lockstep.ToAccount)
		if err == nil && mail.State == lockstep.EmailSent {
			sent[n.Kind]++
		}
	}
	return sent
}

// sends has the service e-mail these kinds only.
func (w *world) sends(kinds ...lockstep.NoticeKind) {
	w.service.end(w.t)
	w.change = func(c *server.Config) { c.Email.Send = kinds }
	w.service = w.boot()
}

// asksAlways is a card whose bank asks for a confirmation of each payment.
const asksAlways = "4000002760003184"

// TestARenewalThatWaitsForAConfirmationIsOneEmail: it says what to do. The e-mail about the failed
// payment is sent only if this one is not.
func TestARenewalThatWaitsForAConfirmationIsOneEmail(t *testing.T) {
	for name, tt := range map[string]struct {
		send []lockstep.NoticeKind // nil: the default
		want map[string]int
	}{
		"as usual": {nil, map[string]int{"payment.action_required": 1, "payment.failed": 0}},
		"without the other e-mail": {[]lockstep.NoticeKind{lockstep.NoticePaymentFailed},
			map[string]int{"payment.action_required": 0, "payment.failed": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.sends(tt.send...)
				ada := w.mustSignUp("ada@example.com")
				w.mustBuy("user/"+ada, "pro")
				time.Sleep(time.Minute)
				s := w.sim.Subscriptions()[0]
				if err := w.sim.SetCard(s.Customer, asksAlways); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(s.PeriodEnd()) + 2*time.Hour)
				if status := w.sim.Subscriptions()[0].Status; status != "past_due" {
					t.Fatalf("the subscription is %s", status)
				}
				sync := "http://" + serviceHost + "/v1/accounts/user/" + ada + "/sync"
				for range 3 { // a second look tells nothing new
					if _, err := w.call(t.Context(), "POST", sync, apiKey, nil, nil); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Hour)
				}
				for kind, times := range tt.want {
					if got := w.mailed("user/" + ada)[kind]; got != times {
						t.Errorf("%d e-mails about %s, want %d", got, kind, times)
					}
				}
				var facts lockstep.Facts
				for _, n := range w.notices("user/"+ada, lockstep.NoticePaymentActionRequired) {
					facts = n.Facts
				}
				if facts.Plan != "pro" || facts.Amount != 2000 || facts.InvoiceURL == "" || facts.Status != "past_due" {
					t.Errorf("the notice says %+v", facts)
				}
			})
		})
	}
}

// notices are an account's notices of a kind.
func (w *world) notices(account string, kind lockstep.NoticeKind) []lockstep.Notice {
	w.t.Helper()
	a, err := lockstep.ParseAccount(account)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := w.service.store.Notices(w.t.Context(), a)
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(n lockstep.Notice) bool { return n.Kind != kind })
}

// TestEachRefundIsOneEmail: of a one-time payment and of a subscription's invoice, of a part
// and of the rest.
func TestEachRefundIsOneEmail(t *testing.T) {
	for _, key := range []string{"life", "pro"} {
		t.Run(key, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				ada := w.mustSignUp("ada@example.com")
				w.mustBuy("user/"+ada, key)
				time.Sleep(time.Hour)
				charge := w.sim.Charges()[0]
				if n := len(w.notices("user/"+ada, lockstep.NoticePaymentRefunded)); n != 0 {
					t.Fatalf("%d notices before any refund", n)
				}
				for i, amount := range []int64{500, 0} {
					if err := w.sim.Refund(charge.ID, amount); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Hour)
					if got := w.mailed("user/" + ada)["payment.refunded"]; got != i+1 {
						t.Errorf("%d e-mails after %d refunds", got, i+1)
					}
				}
				told := w.notices("user/"+ada, lockstep.NoticePaymentRefunded)
				if len(told) != 2 {
					t.Fatalf("%d notices", len(told))
				}
				for i, amount := range []int64{500, charge.Amount - 500} {
					if f := told[i].Facts; f.Amount != amount || f.PaymentAmount != charge.Amount || f.Currency != "usd" ||
						f.Plan != key || f.Refund == "" {
						t.Errorf("notice %d says %+v", i, f)
					}
				}
			})
		})
	}
}

// TestARefundFromBeforeIsNotTold: a payment and its refund that are older than Lockstep, whose
// backfill finds them.
func TestARefundFromBeforeIsNotTold(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		w.mustBuy("user/"+ada, "life")
		time.Sleep(time.Hour)
		w.service.end(t)
		if err := w.sim.Refund(w.sim.Charges()[0].ID, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * 24 * time.Hour)
		w.service = w.boot()
		time.Sleep(12 * time.Hour)
		if got := w.ask("user/" + ada); got.Access.Active {
			t.Error("it still has access")
		}
		if n := w.notices("user/"+ada, lockstep.NoticePaymentRefunded); len(n) != 0 {
			t.Errorf("told %+v", n)
		}
	})
}

// TestABackfillReadsNoRefunds: a payment and its refund of long before the first start cost no
// read beyond that of the payment.
func TestABackfillReadsNoRefunds(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.service.end(t)
		ada := w.mustSignUp("ada@example.com")
		var session struct{ ID string }
		w.stripe("/v1/checkout/sessions", url.Values{"mode": {"payment"}, "line_items[0][price]": {w.prices["life"]},
			"line_items[0][quantity]": {"1"}, "success_url": {"https://app.test/"}, "customer_creation": {"always"},
			"metadata[clerkUserId]": {ada}}, &session)
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		if err := w.sim.Refund(w.sim.Charges()[0].ID, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * 24 * time.Hour)
		w.service = w.boot()
		time.Sleep(12 * time.Hour)
		if got := w.ask("user/" + ada).Access.Reasons; len(got) != 1 || got[0].Status != "refunded" {
			t.Errorf("it has %+v", got)
		}
		for _, e := range w.sim.History() {
			if e.Side == "stripe" && strings.HasPrefix(e.Path, "/v1/refunds") {
				t.Errorf("%s %s", e.Method, e.Path)
			}
		}
	})
}

// listening adds a webhook endpoint. Nobody answers there.
func listening(event string) func(c *server.Config) {
	return func(c *server.Config) {
		audit := c.Webhooks[0]
		audit.ID, audit.URL, audit.Events = "audit", "http://audit.test/", []string{event}
		c.Webhooks = append(c.Webhooks, audit)
	}
}

// TestARenewalIsAnnouncedInTimeWithoutWebhooks: the queue looks at the account when it is due.
// The scan of Stripe's events comes up to six hours later.
func TestARenewalIsAnnouncedInTimeWithoutWebhooks(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.sends(lockstep.NoticeSubscriptionRenewing)
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(scanEvery / 2) // so that no scan comes when the renewal is due
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Hour)
		w.sim.SetStripeWebhooks(nil)
		due := w.sim.Subscriptions()[0].PeriodEnd().Add(-7 * 24 * time.Hour)
		time.Sleep(time.Until(due) + 30*time.Second)
		if n := len(w.notices("user/"+ada, lockstep.NoticeSubscriptionRenewing)); n != 1 {
			t.Errorf("%d notices half a minute after it was due", n)
		}
	})
}

// TestUpcomingRenewalsAreToldOnceAPeriodIfWanted counts them over two months.
func TestUpcomingRenewalsAreToldOnceAPeriodIfWanted(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(c *server.Config)
		told   int
		mailed int
	}{
		"as usual": {func(*server.Config) {}, 0, 0},
		"by e-mail": {func(c *server.Config) {
			c.Email.Send = []lockstep.NoticeKind{lockstep.NoticeSubscriptionRenewing}
		}, 2, 2},
		"by webhook":           {listening("subscription.renewal_upcoming"), 2, 0},
		"by a webhook for all": {listening("*"), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.service.end(t)
				w.change = tt.change
				w.service = w.boot()
				ada := w.mustSignUp("ada@example.com")
				w.mustBuy("user/"+ada, "pro")
				time.Sleep(time.Hour)
				first := w.sim.Subscriptions()[0].PeriodEnd()
				time.Sleep(time.Until(first) - 8*24*time.Hour)
				if n := len(w.notices("user/"+ada, lockstep.NoticeSubscriptionRenewing)); n != 0 {
					t.Errorf("%d notices a day too early", n)
				}
				time.Sleep(time.Until(first) + 29*24*time.Hour)
				if n := len(w.notices("user/"+ada, lockstep.NoticeSubscriptionRenewing)); n != tt.told {
					t.Errorf("%d notices in two months, want %d", n, tt.told)
				}
				if n := w.mailed("user/" + ada)["subscription.renewal_upcoming"]; n != tt.mailed {
					t.Errorf("%d e-mails in two months, want %d", n, tt.mailed)
				}
			})
		})
	}
}
