package delivery

import (
	"container/heap"
	"maps"
	"slices"
	"time"
)

// deliveryHeap orders by (held, due, sequence). Held deliveries come last.
type deliveryHeap []*Delivery

func (h deliveryHeap) Len() int { return len(h) }

func (h deliveryHeap) Less(i, j int) bool { return before(h[i], h[j]) < 0 }

func before(a, b *Delivery) int {
	if a.Held != b.Held {
		if b.Held {
			return -1
		}
		return 1
	}
	if c := a.Due.Compare(b.Due); c != 0 {
		return c
	}
	if a.Sequence < b.Sequence {
		return -1
	}
	return 1
}

func (h deliveryHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *deliveryHeap) Push(x any) { *h = append(*h, x.(*Delivery)) }

func (h *deliveryHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// State is the part of an outbox that is saved and loaded. It leaves out the
// policy, which belongs to the running process.
type State struct {
	Messages   []Message  `json:"messages"`
	Deliveries []Delivery `json:"deliveries"`
	// Failing says since when an endpoint has acknowledged nothing.
	Failing map[string]time.Time `json:"failing,omitempty"`
}

// State copies the queue, in order. Deliveries in flight count as due.
func (o *Outbox) State() State {
	state := State{Failing: maps.Clone(o.failing)}
	all := slices.Clone([]*Delivery(o.queue))
	for _, d := range o.flying {
		all = append(all, d)
	}
	slices.SortFunc(all, before)
	seen := map[string]bool{}
	for _, d := range all {
		state.Deliveries = append(state.Deliveries, *d)
		if !seen[d.Message] {
			seen[d.Message] = true
			state.Messages = append(state.Messages, *o.messages[d.Message])
		}
	}
	return state
}

// Restore replaces the queue. The current policy decides whether deliveries are
// held.
func (o *Outbox) Restore(state State) {
	o.messages = map[string]*Message{}
	o.queue = nil
	o.failing = map[string]time.Time{}
	maps.Copy(o.failing, state.Failing)
	o.flying = map[uint64]*Delivery{} // makes Make ignore the attempts still in flight
	for i := range state.Messages {
		message := state.Messages[i]
		o.messages[message.ID] = &message
	}
	for i := range state.Deliveries {
		d := state.Deliveries[i]
		message, known := o.messages[d.Message]
		if !known {
			continue
		}
		d.Held = o.policy.Hold
		message.open++
		o.queue = append(o.queue, &d)
	}
	heap.Init(&o.queue)
	for id, waiting := range o.waiting {
		if _, open := o.messages[id]; !open {
			for _, settled := range waiting {
				close(settled)
			}
			delete(o.waiting, id)
		}
	}
}

// Waiting lists up to n queued deliveries, next first, for the page.
func (o *Outbox) Waiting(n int) []Waiting {
	queued := slices.Clone([]*Delivery(o.queue))
	slices.SortFunc(queued, before)
	list := make([]Waiting, 0, min(n, len(queued)))
	for _, d := range queued[:min(n, len(queued))] {
		message := o.messages[d.Message]
		target, _ := o.providers[message.Provider].Target(d.Endpoint)
		list = append(list, Waiting{Delivery: *d, Provider: message.Provider, Type: message.Type, URL: target.URL})
	}
	return list
}

// Waiting is a queued delivery as a page shows it.
type Waiting struct {
	Delivery
	Provider string
	Type     string
	URL      string
}

// DueIn returns how long until the delivery is due, at least 0.
func (w Waiting) DueIn() time.Duration {
	return max(0, time.Until(w.Due)).Truncate(time.Second)
}
