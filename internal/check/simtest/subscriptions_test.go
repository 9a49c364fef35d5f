package simtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// endive is the first API version in which a subscription can be paused permanently.
const endive = "2026-10-28.endive"

// dashboard posts to Stripe as someone at its dashboard would.
func (w *world) dashboard(path string, form url.Values) {
	request, err := http.NewRequest(http.MethodPost, "http://"+stripeHost+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Error(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+stripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Stripe-Version", endive)
	status, err := w.send(request, nil)
	w.say("dashboard: POST %s %s: %d %v", path, form.Encode(), status, err)
}

// subscribed draws a subscription in one of the given states.
func (w *world) subscribed(states ...string) (simulator.Subscription, bool) {
	var all []simulator.Subscription
	for _, s := range w.sim.Subscriptions() {
		for _, state := range states {
			if s.Status == state {
				all = append(all, s)
			}
		}
	}
	return pick(w, all)
}

// changePlan changes the plan and quantity of a subscription, up or down.
func (w *world) changePlan() {
	if s, ok := w.subscribed("active", "trialing"); ok {
		plan, _ := pick(w, []string{"basic", "pro"})
		w.replanned[s.ID] = true
		w.dashboard("/v1/subscriptions/"+s.ID, url.Values{"items[0][id]": {s.Items[0].ID},
			"items[0][price]": {w.prices[plan]}, "items[0][quantity]": {fmt.Sprint(1 + w.rng.IntN(5))}})
	}
}

func (w *world) pauseSubscription() {
	if s, ok := w.subscribed("active"); ok {
		w.dashboard("/v1/subscriptions/"+s.ID+"/pause", nil)
	}
}

func (w *world) unpauseSubscription() {
	if s, ok := w.subscribed("paused"); ok {
		w.dashboard("/v1/subscriptions/"+s.ID+"/resume", url.Values{"billing_cycle_anchor": {"now"}})
	}
}

// portalCancel cancels as the customer portal does: with a date instead of the flag.
func (w *world) portalCancel() {
	if id, ok := w.subscription(false); ok {
		w.say("cancel %s in the portal: %v", id, w.sim.PortalCancel(id))
	}
}

// tryOut starts a checkout with a trial.
func (w *world) tryOut() {
	account, paidBy, ok := w.buyer()
	if !ok {
		return
	}
	w.say("try basic for %s", account)
	w.calls.Go(func() {
		_, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey, map[string]any{
			"account": account, "lookup_key": "basic", "paid_by": paidBy, "trial_days": 7,
			"success_url": "https://app.test/?s={CHECKOUT_SESSION_ID}"}, nil)
		if err != nil {
			w.say("checkout did not start: %v", err)
		}
	})
}

// grace returns how long a past-due customer keeps access in a world: as long as Stripe retries, not at all, or some
// days.
func grace(seed uint64) time.Duration {
	return []time.Duration{0, -1, 3 * 24 * time.Hour}[seed/2%3]
}

// spared reports, computed independently, whether the grace of a past-due subscription still lasts.
func (c *checker) spared(s simulator.Subscription) bool {
	days := grace(c.net.seed)
	return days == 0 || days > 0 && time.Since(c.failedAt(s.ID)) < days
}

// breakCard makes a customer's next renewals fail.
func (w *world) breakCard() { w.useCard("4000000000000341") }

func (w *world) mendCard() { w.useCard("4242424242424242") }

func (w *world) useCard(number string) {
	if s, ok := w.subscribed("active", "trialing", "past_due", "unpaid"); ok {
		w.say("the card of %s is now %s: %v", s.Customer, number, w.sim.SetCard(s.Customer, number))
	}
}

// lapse lets a world end while Stripe still retries a renewal, which it does for a week.
func (w *world) lapse() {
	s, ok := w.subscribed("active", "trialing")
	if !ok {
		return
	}
	if w.service.closed { // Stripe would disable the endpoint, and only the gap scan would find the change
		w.service = w.boot()
	}
	w.say("the renewal of %s is declined: %v", s.ID, w.sim.SetCard(s.Customer, "4000000000000341"))
	time.Sleep(time.Until(s.PeriodEnd()) + time.Duration(2+w.rng.IntN(5*24))*time.Hour)
}

// checkLead compares what the API answers about the subscription that counts with the subscription itself: its seats,
// its end, and whether it is set to end.
func (c *checker) checkLead(account string) {
	access := c.answers[account].Access
	all := c.things(account)
	top, active := best(all, func(t thing) bool { return t.grants })
	if !active || !top.subscription {
		return
	}
	if own, pays := c.own(all); pays && c.gift(top) {
		for _, s := range c.sim.Subscriptions() {
			if s.ID == own.id && access.Seats < s.Items[0].Quantity {
				c.wrong("%s: the API has seats=%d, but %s has %d", account, access.Seats, s.ID, s.Items[0].Quantity)
			}
		}
		return
	}
	for _, s := range c.sim.Subscriptions() {
		if s.ID != top.id {
			continue
		}
		ending := s.CancelAtPeriodEnd || !s.CancelAt.IsZero()
		if access.Seats != s.Items[0].Quantity || access.Ending != ending {
			c.wrong("%s: the API has seats=%d ending=%v, but %s has seats=%d ending=%v",
				account, access.Seats, access.Ending, s.ID, s.Items[0].Quantity, ending)
		}
		until := s.CancelAt
		for _, i := range s.Items { // the plan's item, not an add-on's
			if s.CancelAt.IsZero() && c.sold(i.Price) == top.plan && i.PeriodEnd.After(until) {
				until = i.PeriodEnd
			}
		}
		if access.Until == nil || !access.Until.Equal(until.Truncate(time.Second)) {
			c.wrong("%s: the API has until %v, but %s ends %s", account, access.Until, s.ID, until)
		}
	}
}
