package simtest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// several reports whether the accounts of a world may have several subscriptions.
func several(seed uint64) bool { return seed%2 == 0 }

// hurry starts a checkout and pays it while other tabs request the same one.
func (w *world) hurry() {
	account, paidBy, ok := w.buyer()
	if !ok {
		return
	}
	body := map[string]any{"account": account, "lookup_key": "pro", "paid_by": paidBy,
		"success_url": "https://app.test/?s={CHECKOUT_SESSION_ID}"}
	w.say("hurry to buy pro for %s", account)
	for range 4 {
		delay := time.Duration(w.rng.IntN(400)) * time.Millisecond
		pays, pause := w.rng.IntN(3) > 0, time.Duration(w.rng.IntN(40))*time.Millisecond
		w.calls.Go(func() {
			time.Sleep(delay)
			var session struct{ ID string }
			status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey, body,
				&session)
			if err != nil || status != http.StatusOK || !pays {
				return
			}
			time.Sleep(pause)
			w.say("pay %s in a hurry: %v", session.ID, w.sim.PayCheckout(session.ID, "4242424242424242"))
		})
	}
}

// checkCharges: nobody pays twice for what the API sold. An account has no two subscriptions at a time, or, where
// several are allowed, no two of one plan, and it buys a license again only after a refund.
func (c *checker) checkCharges() {
	refunded := c.refundedPayments()
	bought, open := map[string][]simulator.CheckoutSession{}, map[string]string{}   // by buyer
	paidFor, began := map[string]string{}, map[string][]simulator.CheckoutSession{} // oldest first
	for _, s := range c.sim.CheckoutSessions() {
		if !strings.HasPrefix(s.SuccessURL, "https://app.test/?s=") {
			continue // a payment link
		}
		buyer := s.ClientReferenceID
		for _, earlier := range began[buyer+s.Customer] {
			if earlier.Status == "expired" && s.Created.Before(earlier.ExpiresAt) {
				c.wrong("%s had two open checkouts at once, %s and %s", buyer, earlier.ID, s.ID)
			}
		}
		began[buyer+s.Customer] = append(began[buyer+s.Customer], s)
		if s.Status == "open" {
			if other, some := open[buyer+s.Customer]; some {
				c.wrong("%s has two open checkouts, %s and %s", buyer, other, s.ID)
			}
			open[buyer+s.Customer] = s.ID
		}
		if s.Mode == "payment" && s.PaymentStatus == "paid" && c.sold(s.Lines[0].Price) == "life" &&
			!refunded[s.PaymentIntent] {
			if other, some := paidFor[buyer]; some {
				c.wrong("%s paid twice for life, with %s and %s", buyer, other, s.ID)
			}
			paidFor[buyer] = s.ID
		}
		if s.Subscription != "" {
			bought[buyer] = append(bought[buyer], s)
		}
	}
	c.checkSubscribedOnce(bought)
}

// refundedPayments returns the payments that were refunded or disputed. What they bought may be bought again.
func (c *checker) refundedPayments() map[string]bool {
	refunded := map[string]bool{}
	for _, charge := range c.sim.Charges() {
		if _, disputed := c.taken[charge.PaymentIntent]; charge.Refunded > 0 || disputed {
			refunded[charge.PaymentIntent] = true
		}
	}
	return refunded
}

// checkSubscribedOnce checks the subscriptions that each buyer bought.
func (c *checker) checkSubscribedOnce(bought map[string][]simulator.CheckoutSession) {
	subscriptions := map[string]simulator.Subscription{}
	for _, s := range c.sim.Subscriptions() {
		subscriptions[s.ID] = s
	}
	for buyer, sessions := range bought {
		slices.SortFunc(sessions, func(a, b simulator.CheckoutSession) int {
			return subscriptions[a.Subscription].Created.Compare(subscriptions[b.Subscription].Created)
		})
		for i, later := range sessions {
			for _, earlier := range sessions[:i] {
				before, after := subscriptions[earlier.Subscription], subscriptions[later.Subscription]
				samePlan := c.sold(earlier.Lines[0].Price) == c.sold(later.Lines[0].Price) && !c.replanned[before.ID]
				over := !before.EndedAt.IsZero() && !before.EndedAt.After(after.Created)
				if !over && (samePlan || !several(c.net.seed)) {
					c.wrong("%s is charged twice: %s (%s) was running when %s started (%s)", buyer, before.ID, before.Status, after.ID,
						later.ID)
				}
			}
		}
	}
}
