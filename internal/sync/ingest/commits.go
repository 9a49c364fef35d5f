package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/lockstep-dev/lockstep"
)

const (
	// mostWaiting is how many deliveries may wait for a transaction. Further ones are refused, so
	// that their senders retry later: they would time out anyway.
	mostWaiting = 2048
	// mostTogether and mostTogetherBytes bound one transaction, so that it holds its locks only
	// briefly and the driver's copies of the bodies stay small.
	mostTogether      = 128
	mostTogetherBytes = 4 << 20
)

// commits lets deliveries share transactions (group commit). A delivery starts a transaction at once
// unless as many are running as the store allows. Otherwise it waits; when a transaction ends, the
// first waiter leads the next one, which takes all deliveries that wait by then.
//
//	waiting -> leads         it starts a transaction
//	waiting -> taken         another delivery's transaction holds it and will answer it
//	waiting -> gone          its sender left; nothing is stored
//
// A leader runs the transaction in the goroutine of its request, to the end even when its own sender
// has left. So a server that has answered its requests has no running transaction.
//
// After a transaction fails, its leader stores each delivery alone, so that one that no database
// accepts does not fail the others.
type commits struct {
	// receive stores deliveries in one transaction.
	receive func(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error)
	overlap int // how many transactions may run at once
	most    int // how many deliveries may wait

	mu      sync.Mutex
	running int          // transactions
	waiting [2][]*waiter // interactive deliveries, then all others; each in order of arrival
}

// waiter is a delivery that waits for its transaction.
type waiter struct {
	delivery lockstep.Delivery
	state    state     // guarded by commits.mu
	turn     chan bool // receives once: true if the waiter leads, false if its answer is there
	receipt  lockstep.Receipt
	err      error
}

type state int

const (
	waiting state = iota
	leads
	taken
)

// lane returns the index of the queue in which the delivery waits.
func (w *waiter) lane() int {
	if w.delivery.Mark != nil && w.delivery.Mark.Priority == lockstep.Interactive {
		return 0
	}
	return 1
}

// store returns when the delivery is on disk, or cannot be stored.
func (c *commits) store(ctx context.Context, d lockstep.Delivery) (lockstep.Receipt, error) {
	w := &waiter{delivery: d, turn: make(chan bool, 1)}
	leader, err := c.enter(w)
	if err != nil {
		return lockstep.Receipt{}, err
	}
	if !leader {
		select {
		case leader = <-w.turn:
		case <-ctx.Done():
			if !c.leave(w) {
				return lockstep.Receipt{}, ctx.Err()
			}
			leader = <-w.turn
		}
	}
	if leader {
		c.lead(ctx, w)
	}
	return w.receipt, w.err
}

// enter makes a delivery lead a transaction, or wait.
func (c *commits) enter(w *waiter) (leader bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running < c.overlap { // then no delivery waits
		c.running++
		w.state = leads
		return true, nil
	}
	if len(c.waiting[0])+len(c.waiting[1]) >= c.most {
		return false, lockstep.ErrBusy
	}
	c.waiting[w.lane()] = append(c.waiting[w.lane()], w)
	return false, nil
}

// leave removes a delivery whose sender has left from its queue. It reports whether the delivery was
// chosen to lead meanwhile: then it must lead.
func (c *commits) leave(w *waiter) (leader bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.state == waiting {
		lane := &c.waiting[w.lane()]
		at := slices.Index(*lane, w)
		*lane = slices.Delete(*lane, at, at+1)
	}
	return w.state == leads
}

// errCutShort answers the deliveries of a transaction that panicked.
var errCutShort = errors.New("the transaction was cut short")

// lead stores the leader's delivery and those that wait.
func (c *commits) lead(ctx context.Context, leader *waiter) {
	batch := c.gather(leader)
	for _, w := range batch {
		w.err = errCutShort
	}
	defer func() {
		c.pass()
		for _, w := range batch[1:] {
			w.turn <- false
		}
	}()
	// Other senders wait for the transaction too, so it does not end when the leader's sender leaves.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	deliveries := make([]lockstep.Delivery, len(batch))
	for i, w := range batch {
		deliveries[i] = w.delivery
	}
	receipts, err := c.receive(ctx, deliveries)
	for i, w := range batch {
		switch {
		case err == nil:
			w.receipt, w.err = receipts[i], nil
		case len(batch) == 1:
			w.err = err
		default:
			w.receipt, w.err = c.alone(ctx, w.delivery)
		}
	}
}

func (c *commits) alone(ctx context.Context, d lockstep.Delivery) (lockstep.Receipt, error) {
	receipts, err := c.receive(ctx, []lockstep.Delivery{d})
	if err != nil {
		return lockstep.Receipt{}, err
	}
	return receipts[0], nil
}

// gather returns the leader and the waiters that share its transaction.
func (c *commits) gather(leader *waiter) []*waiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := append(make([]*waiter, 0, 1+min(len(c.waiting[0])+len(c.waiting[1]), mostTogether)), leader)
	size := len(leader.delivery.Event.Body)
	for i, lane := range c.waiting {
		n := 0
		for n < len(lane) && len(batch) < mostTogether {
			w := lane[n]
			if size += len(w.delivery.Event.Body); size > mostTogetherBytes {
				break
			}
			w.state = taken
			batch = append(batch, w)
			n++
		}
		c.waiting[i] = slices.Delete(lane, 0, n)
	}
	return batch
}

// pass ends a transaction and hands leadership to the first waiter.
func (c *commits) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, lane := range c.waiting {
		if len(lane) > 0 {
			next := lane[0]
			c.waiting[i] = slices.Delete(lane, 0, 1)
			next.state = leads
			next.turn <- true
			return
		}
	}
	c.running--
}
