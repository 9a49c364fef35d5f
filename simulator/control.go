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

// SetDelivery sets how badly webhooks are delivered from now on.
func (s *Simulator) SetDelivery(policy DeliveryPolicy) {
	s.world.Change(func() { s.outbox.SetPolicy(policy) })
}

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
