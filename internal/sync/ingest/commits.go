package ingest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/lockstep-dev/lockstep"
)

const (
	// mostWaiting is how many deliveries may wait for a transaction. What comes beyond is
	// refused, so that its sender tries again later: it would wait in vain.
	mostWaiting = 2048
	// mostTogether and mostTogetherBytes bound what shares one transaction, so that its
	// locks are short and a driver's copies of the bodies small.
	mostTogether      = 128
	mostTogetherBytes = 4 << 20
)

// commits has deliveries share transactions (group commit). A delivery that finds nobody
// writing begins a transaction at once, so that nobody waits when there is little to do. All
// others wait until the transaction is written; then, while it waits for the disk or for the
// commit, the first of them leads the next one, which takes everything that has come
// meanwhile.
//
// To begin costs as much as to store ten deliveries, so the larger a transaction the better.
// Therefore a leader lets whatever else can run do so before it looks who waits. And therefore
// nobody leads while another writes: it would wait for the writer with those who had come
// by then, and half of the transactions would be of one delivery.
//
//	waiting -> leads         nobody writes, or whoever did is done and it is the first
//	waiting -> taken         a leader's transaction holds it; its answer comes with the commit
//	waiting -> gone          its sender left; nothing is stored
//
// A leader works in the goroutine of its request, and to the end even when its own sender
// has left: so a server that has answered its requests has no transaction left.
//
// A transaction that fails is begun again for each of its deliveries alone, since one that
// no database takes must not be the end of the others.
type commits struct {
	// receive stores deliveries. It calls next as soon as another transaction does well to
	// begin, if that is before it returns.
	receive func(ctx context.Context, deliveries []lockstep.Delivery, next func()) ([]lockstep.Receipt, error)
	overlap int // how many transactions may be under way
	most    int // how many deliveries may wait

	mu      sync.Mutex
	writing bool         // a transaction is under way beside which none does well to begin
	leading int          // transactions that are under way
	waiting [2][]*waiter // who is waited for goes first; each in order of arrival
}

// waiter is a delivery that waits for its transaction.
type waiter struct {
	delivery lockstep.Delivery
	state    state     // under the commits' lock
	turn     chan bool // once: whether it leads; else its answer is there
	receipt  lockstep.Receipt
	err      error
}

type state int

const (
	waiting state = iota
	leads
	taken
)

// lane is where a delivery waits.
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

// enter has a delivery wait, unless it leads.
func (c *commits) enter(w *waiter) (leader bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.writing && c.leading < c.overlap { // then nobody waits
		c.writing = true
		c.leading++
		w.state = leads
		return true, nil
	}
	if len(c.waiting[0])+len(c.waiting[1]) >= c.most {
		return false, lockstep.ErrBusy
	}
	c.waiting[w.lane()] = append(c.waiting[w.lane()], w)
	return false, nil
}

// leave takes out of the line whose sender has left. It reports whether it was that
// one's turn to lead already, which somebody has to do.
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

// errCutShort is what a delivery is told whose transaction did not end in order.
var errCutShort = errors.New("the transaction was cut short")

// lead stores the leader's delivery and those that wait.
func (c *commits) lead(ctx context.Context, leader *waiter) {
	runtime.Gosched()
	batch := c.gather(leader)
	for _, w := range batch {
		w.err = errCutShort
	}
	written := false
	next := func() {
		written = true
		c.pass(true, false)
	}
	defer func() {
		c.pass(!written, true)
		for _, w := range batch[1:] {
			w.turn <- false
		}
	}()
	// Others wait for the transaction too: it does not end with the leader's sender.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	deliveries := make([]lockstep.Delivery, len(batch))
	for i, w := range batch {
		deliveries[i] = w.delivery
	}
	receipts, err := c.receive(ctx, deliveries, next)
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
	receipts, err := c.receive(ctx, []lockstep.Delivery{d}, func() {})
	if err != nil {
		return lockstep.Receipt{}, err
	}
	return receipts[0], nil
}

// gather takes what shares the leader's transaction; the leader is the first.
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

// pass has the first who waits lead, if one more may: a transaction was written, or ended,
// or both.
func (c *commits) pass(written, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if written {
		c.writing = false
	}
	if ended {
		c.leading--
	}
	if c.writing || c.leading == c.overlap {
		return
	}
	for i, lane := range c.waiting {
		if len(lane) > 0 {
			next := lane[0]
			c.waiting[i] = slices.Delete(lane, 0, 1)
			next.state = leads
			c.writing = true
			c.leading++
			next.turn <- true
			return
		}
	}
}
