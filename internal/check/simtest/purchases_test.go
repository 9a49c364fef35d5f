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

// passFor is how long a pass counts.
const passFor = 20 * 24 * time.Hour

// partially says what a part that was given back does to a license in a world.
func partially(seed uint64) lockstep.PartialRefund {
	if seed%2 == 1 {
		return lockstep.RevokeLicense
	}
	return lockstep.KeepLicense
}

// paidOnce draws a charge of a one-time payment that was paid.
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

// payOnce buys a license or a pass, and pays it at once.
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

// refundPart gives a part back.
func (w *world) refundPart() {
	if c, ok := w.paidOnce(); ok && c.Refunded == 0 {
		w.giveBack(c.PaymentIntent, c.Amount/3)
	}
}

// dispute has a bank take the money back for now.
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

// decideDispute has a bank decide one way or the other.
func (w *world) decideDispute() {
	for _, payment := range slices.Sorted(maps.Keys(w.disputes)) { // in an order, so that a seed is one world
		id, won := w.disputes[payment], w.rng.IntN(2) == 0
		w.say("the dispute %s is won=%v: %v", id, won, w.sim.CloseDispute(id, won))
		delete(w.disputes, payment)
		w.taken[payment] = !won
		return
	}
}

// fate is what became of a one-time payment, naively: its status, and whether it grants.
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

// letterbox is where the world's letters end. Now and then the mail server is busy.
type letterbox struct {
	under   atomic.Int64 // how many are being handed over
	mu      sync.Mutex
	calls   int
	letters map[string]int // by Message-ID
	to      []string       // whom they were for, in the order in which they arrived
}

// Deliver implements [lockstep.Mailer].
func (l *letterbox) Deliver(_ context.Context, letter lockstep.Email, ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	l.under.Add(1)
	defer l.under.Add(-1)
	time.Sleep(200 * time.Millisecond) // in which the service may die; the mail server goes on
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls++; l.calls%5 == 0 {
		return &lockstep.EmailError{Fate: lockstep.EmailDelayed, Reason: "busy"}
	}
	l.letters[letter.ID]++
	l.to = append(l.to, letter.To)
	return nil
}

// dieWhileMailing kills the service while a letter is being handed over.
func (w *world) dieWhileMailing() {
	w.payOnce()
	for range 500 {
		if w.letterbox.under.Load() > 0 {
			w.crash()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// checkLetters: one e-mail per business object, and as many as are said to be sent.
func (c *checker) checkLetters() {
	c.letterbox.mu.Lock()
	defer c.letterbox.mu.Unlock()
	for id, times := range c.letterbox.letters {
		if times != 1 {
			c.wrong("letter %s was sent %d times", id, times)
		}
	}
	sent, unknown := 0, 0
	for account, a := range c.answers {
		for _, n := range a.Notices {
			if n.Kind == "subscription.ended" {
				continue // which is not mailed
			}
			recipients := []lockstep.Recipient{lockstep.ToAccount}
			if n.Kind == "license.granted" || n.Kind == "subscription.started" {
				recipients = append(recipients, lockstep.ToBuyer)
			}
			for _, to := range recipients {
				mail, err := c.service.store.EmailDelivery(context.Background(), n.ID, to)
				switch {
				case err != nil:
					c.wrong("%s: mail of %s to %q: %v", account, n.ID, to, err)
				case mail.State == lockstep.EmailSent && c.prior[n.Object] && n.Kind == "license.granted":
					c.wrong("%s: an e-mail tells of %s, which is older than Lockstep", account, n.Object)
				case mail.State == lockstep.EmailSent:
					sent++
				case mail.State == lockstep.EmailUnknown:
					unknown++
				case mail.State != lockstep.EmailSkipped:
					c.wrong("%s: mail of %s to %q is %s: %s", account, n.ID, to, mail.State, mail.Reason)
				}
			}
		}
	}
	if arrived := len(c.letterbox.letters); arrived < sent || arrived > sent+unknown {
		c.wrong("%d letters arrived, %d are said to be sent, and of %d nobody knows", arrived, sent, unknown)
	}
}
