package simulator

import "time"

// History copies the recorded requests and delivery attempts, oldest first.
func (s *Simulator) History() []Entry { return s.history.Entries() }

// CountRequests counts the recorded entries that match.
func (s *Simulator) CountRequests(match func(Entry) bool) int { return s.history.Count(match) }

// AddFault activates a fault.
func (s *Simulator) AddFault(fault Fault) (id int) { return s.faults.Add(fault) }

// ClearFaults removes every fault.
func (s *Simulator) ClearFaults() { s.faults.Clear() }

// SetDelivery sets how unreliably webhooks are delivered from now on. It panics
// if the policy's Validate fails.
func (s *Simulator) SetDelivery(policy DeliveryPolicy) {
	s.world.Change(func() { s.outbox.SetPolicy(policy) })
}

// ResendEvent sends a Stripe event of the last 30 days to an endpoint again, named
// by id or URL. It makes one attempt and leaves the automatic retries alone.
func (s *Simulator) ResendEvent(event, endpoint string) error {
	return s.stripe.ResendEvent(event, endpoint)
}

// RollStripeSecret gives a Stripe endpoint, named by id or URL, a new signing
// secret and returns it. The old secret also signs for overlap, at most 24 hours.
func (s *Simulator) RollStripeSecret(endpoint string, overlap time.Duration) (secret string, err error) {
	return s.stripe.RollSecret(endpoint, overlap)
}

// SavePortalSettings saves the customer portal's settings, as Stripe's Dashboard
// does. From then on, portal sessions need not name a configuration.
func (s *Simulator) SavePortalSettings() { s.stripe.SavePortalSettings() }

// MoveClerkInstance makes a new Clerk instance with its own secret key, and makes
// it the current one. It has the same users and organizations under new ids; a
// user's external_id is the old id. The former instance still answers requests
// with its own key. It fails for a live key and for a key already in use.
func (s *Simulator) MoveClerkInstance(move ClerkMove) (ClerkMoved, error) {
	return s.clerk.MoveInstance(move)
}

// UseClerkInstance makes a former instance the current one again. It fails for an
// unknown id.
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

// Quiet reports whether no delivery is in flight and no timer or delivery is due
// now. Held deliveries do not count.
func (s *Simulator) Quiet() bool {
	var busy bool
	s.world.View(func() { busy = s.outbox.Busy(time.Now()) }) // View runs due timers first
	return !busy
}
