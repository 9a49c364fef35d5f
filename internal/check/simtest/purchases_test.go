package simtest

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// passFor is how long a pass is valid.
const passFor = 20 * 24 * time.Hour

// partially returns what a partial refund does to a license in a world.
func partially(seed uint64) lockstep.PartialRefund {
	if seed%2 == 1 {
		return lockstep.RevokeLicense
	}
	return lockstep.KeepLicense
}

// paidOnce draws a charge of a paid one-time payment.
func (w *world) paidOnce() (simulator.Charge, bool) {
	once := map[string]bool{}
	for _, s := range w.sim.CheckoutSessions() {
		if s.Mode == "payment" && s.PaymentStatus == "paid" {
			once[s.PaymentIntent] = true
		}
	}
	var paid []simulator.Charge
	for _, c := range w.sim.Charges() {
		if once[c.PaymentIntent] && c.Status == "succeeded" {
			paid = append(paid, c)
		}
	}
	return pick(w, paid)
}

// payOnce buys a license or a pass and pays it at once.
func (w *world) payOnce() {
	account, paidBy, ok := w.buyer()
	if !ok {
		return
	}
	key, _ := pick(w, []string{"life", "pass", "pass"})
	body := map[string]any{"account": account, "lookup_key": key, "paid_by": paidBy,
		"success_url": "https://app.test/?s={CHECKOUT_SESSION_ID}"}
	w.say("pay %s at once for %s", key, account)
	w.calls.Go(func() {
		var session struct{ ID string }
		if status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey, body,
			&session); err == nil && status == http.StatusOK {
			w.say("pay %s: %v", session.ID, w.sim.PayCheckout(session.ID, "4242424242424242"))
		}
	})
}

// refundPart refunds a part of a payment.
func (w *world) refundPart() {
	if c, ok := w.paidOnce(); ok && c.Refunded == 0 {
		w.giveBack(c.PaymentIntent, c.Amount/3)
	}
}

// dispute opens a dispute, in which the bank takes the money back.
func (w *world) dispute() {
	c, ok := w.paidOnce()
	if !ok {
		return
	}
	id, err := w.sim.Dispute(c.ID)
	w.say("dispute %s (%s): %v", c.PaymentIntent, id, err)
	if err == nil {
		w.disputes[c.PaymentIntent] = id
		w.taken[c.PaymentIntent] = true
	}
}

// decideDispute closes a dispute, won or lost.
func (w *world) decideDispute() {
	for _, payment := range slices.Sorted(maps.Keys(w.disputes)) { // in a fixed order, for the seed's sake
		id, won := w.disputes[payment], w.rng.IntN(2) == 0
		w.say("the dispute %s is won=%v: %v", id, won, w.sim.CloseDispute(id, won))
		delete(w.disputes, payment)
		w.taken[payment] = !won
		return
	}
}

// fate returns the state of a one-time payment, computed independently: its status, and whether it grants access.
func (c *checker) fate(s simulator.CheckoutSession, plan string) (status string, grants bool) {
	var last simulator.Charge
	for _, charge := range c.sim.Charges() { // oldest first
		if charge.PaymentIntent == s.PaymentIntent && s.PaymentIntent != "" {
			last = charge
		}
	}
	switch {
	case last.Refunded > 0 && last.Refunded >= last.Amount:
		return "refunded", false
	case c.taken[s.PaymentIntent]:
		return "disputed", false
	case s.PaymentStatus == "unpaid" && last.Status == "failed":
		return "failed", false
	case s.PaymentStatus == "unpaid":
		return "pending", false
	case last.Refunded > 0 && partially(c.net.seed) == lockstep.RevokeLicense:
		return "active", false
	case plan == "pass":
		return "active", time.Since(last.Created) < passFor
	}
	return "active", true
}

// mailServer receives the world's e-mails. Sometimes it is busy.
type mailServer struct {
	under atomic.Int64 // e-mails being sent
	mu    sync.Mutex
	calls int
	mails map[string]int // by Message-ID
	to    []string       // recipients, in order of arrival
	said  map[string]int // e-mails by recipient and subject
}

// Deliver implements [lockstep.Mailer].
func (l *mailServer) Deliver(_ context.Context, mail lockstep.Email, ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	l.under.Add(1)
	defer l.under.Add(-1)
	time.Sleep(200 * time.Millisecond) // the service may die meanwhile; the mail server continues
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls++; l.calls%5 == 0 {
		return &lockstep.EmailError{Fate: lockstep.EmailDelayed, Reason: "busy"}
	}
	l.mails[mail.ID]++
	l.to = append(l.to, mail.To)
	l.said[mail.To+": "+mail.Subject]++
	return nil
}

// dieWhileMailing kills the service while it sends an e-mail.
func (w *world) dieWhileMailing() {
	w.payOnce()
	for range 500 {
		if w.mailServer.under.Load() > 0 {
			w.crash()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// checkMails: one e-mail per business object, and as many as Lockstep says it sent.
func (c *checker) checkMails() {
	c.mailServer.mu.Lock()
	defer c.mailServer.mu.Unlock()
	for id, times := range c.mailServer.mails {
		if times != 1 {
			c.wrong("e-mail %s was sent %d times", id, times)
		}
	}
	sent, unknown := 0, 0
	for account, a := range c.answers {
		for _, n := range a.Notices {
			if n.Kind == "subscription.ended" {
				continue // never mailed
			}
			recipients := []lockstep.Recipient{lockstep.ToAccount}
			if n.Kind == "license.granted" || n.Kind == "subscription.started" {
				recipients = append(recipients, lockstep.ToBuyer)
			}
			for _, to := range recipients {
				mail, err := c.service.store.EmailDelivery(context.Background(), n.ID, to)
				switch {
				case err != nil:
					c.wrong("%s: e-mail about %s to %q: %v", account, n.ID, to, err)
				case mail.State == lockstep.EmailSent && c.prior[n.Object] && n.Kind == "license.granted":
					c.wrong("%s: an e-mail about %s, which is older than Lockstep", account, n.Object)
				case mail.State == lockstep.EmailSent:
					sent++
				case mail.State == lockstep.EmailUnknown:
					unknown++
				case mail.State != lockstep.EmailSkipped:
					c.wrong("%s: e-mail about %s to %q is %s: %s", account, n.ID, to, mail.State, mail.Reason)
				}
			}
		}
	}
	if arrived := len(c.mailServer.mails); arrived < sent || arrived > sent+unknown {
		c.wrong("%d e-mails arrived; Lockstep has %d as sent and %d as uncertain", arrived, sent, unknown)
	}
}
