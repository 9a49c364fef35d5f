package stripesim

import "maps"

// registerTimers registers what runs when a timer is due, on the billing clock
// and on test clocks.
func (s *Stripe) registerTimers() {
	for _, timers := range []map[string]func(string){
		s.customers.Timers(),
		s.billing.Timers(),
		s.intents.Timers(),
		s.payments.Timers(),
		s.checkout.Timers(),
	} {
		maps.Copy(s.account.Runners, timers)
		for kind, run := range timers {
			s.account.World.Handle("stripe."+kind, run)
		}
	}
}
