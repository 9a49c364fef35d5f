package simulator

import "time"

// History copies the recorded exchanges and delivery attempts, oldest first.
func (s *Simulator) History() []Entry { return s.history.Entries() }

// CountRequests counts the recorded entries that match.
func (s *Simulator) CountRequests(match func(Entry) bool) int { return s.history.Count(match) }

// AddFault activates a fault.
func (s *Simulator) AddFault(fault Fault) (id int) { return s.faults.Add(fault) }

// ClearFaults removes every fault.
func (s *Simulator) ClearFaults() { s.faults.Clear() }

// SetDelivery sets how badly webhooks are delivered from now on. A policy whose
// Validate fails is a mistake of the caller, which panics.
func (s *Simulator) SetDelivery(policy DeliveryPolicy) {
	s.world.Change(func() { s.outbox.SetPolicy(policy) })
}

// ResendEvent sends a Stripe event of the last 30 days once more to an endpoint,
// named by id or URL. It neither ends the automatic retries nor is it retried.
func (s *Simulator) ResendEvent(event, endpoint string) error {
	return s.stripe.ResendEvent(event, endpoint)
}

// RollStripeSecret gives a Stripe endpoint, named by id or URL, a new signing
// secret and returns it. The old one signs beside it for overlap, 24 hours at most.
func (s *Simulator) RollStripeSecret(endpoint string, overlap time.Duration) (secret string, err error) {
	return s.stripe.RollSecret(endpoint, overlap)
}

// SavePortalSettings saves the settings of Stripe's customer portal, as the
// Dashboard does: portal sessions that name no configuration get the default one.
func (s *Simulator) SavePortalSettings() { s.stripe.SavePortalSettings() }

// MoveClerkInstance makes a new Clerk instance with the same people under new
// ids, external_id set to the old id, and another secret key. It becomes the
// current one. The former instance answers requests with its own key. It fails
// for a live key and for one that another instance has.
func (s *Simulator) MoveClerkInstance(move ClerkMove) (ClerkMoved, error) {
	return s.clerk.MoveInstance(move)
}

// UseClerkInstance makes an instance that MoveClerkInstance left the current one
// again. It fails for an unknown id.
func (s *Simulator) UseClerkInstance(id string) error { return s.clerk.UseInstance(id) }

// ClerkInstances lists the ids of the Clerk instances, the current one first.
func (s *Simulator) ClerkInstances() []string { return s.clerk.Instances() }

// PendingDeliveries counts the deliveries that are queued, held, in flight or
// waiting for a retry.
func (s *Simulator) PendingDeliveries() int {
	var pending int
	s.world.View(func() { pending = s.outbox.Pending() })
	return pending
}

// Quiet says that nothing is in flight and nothing is due now, neither on the
// billing clock nor among the deliveries. Held deliveries do not count.
func (s *Simulator) Quiet() bool {
	var busy bool
	s.world.View(func() { busy = s.outbox.Busy(time.Now()) }) // due timers have run
	return !busy
}
