package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Source is the part of the store that a [Watch] reads.
type Source interface {
	lockstep.ChangeFeed
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
}

const (
	// partsOfAccount is the average size of an account, see partsOf: one subscription with one item.
	partsOfAccount = ownParts + 3
	// batch bounds how many changed accounts a poll reads; if there are more, it drops all records.
	batch = 1000
)

// Watch keeps the records that were read last with their answers, and the subscribers to changes.
type Watch struct {
	source Source
	config Config
	log    *slog.Logger
	lock   chan struct{} // held during a poll

	mu          sync.Mutex
	last        int64     // the number of the last change that was seen; -1 before the first poll
	polled      time.Time // when the last successful poll started
	writes      uint64    // writes of this process
	known       uint64    // how many of them the last poll has seen
	failing     bool      // the last poll failed
	kept        *recent
	loading     map[lockstep.Account]*load
	subscribers map[lockstep.Account]map[*subscriber]struct{}
	stop        context.CancelFunc // ends the goroutine that polls; nil while there are no subscribers
	hurry       chan struct{}      // makes it poll at once
}

// New returns a watch over source. It does not read yet.
func New(source Source, config Config, log *slog.Logger) *Watch {
	config = config.withDefaults()
	return &Watch{source: source, config: config, log: log, lock: make(chan struct{}, 1), last: -1,
		kept: newRecent(config.Accounts * partsOfAccount), loading: map[lockstep.Account]*load{},
		subscribers: map[lockstep.Account]map[*subscriber]struct{}{}, hurry: make(chan struct{}, 1)}
}

// poll reads what has changed, unless the last poll is recent enough. It reports whether the records in
// memory are current enough to use.
func (w *Watch) poll(ctx context.Context) bool {
	if w.current(w.config.Poll) {
		return true
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, w.config.Trust)
	defer cancel()
	select {
	case w.lock <- struct{}{}:
		defer func() { <-w.lock }()
	case <-ctx.Done():
		return w.current(w.config.Trust)
	}
	if w.current(w.config.Poll) {
		return true // whoever held the lock before has polled
	}
	w.mu.Lock()
	last, writes := w.last, w.writes
	w.mu.Unlock()
	start := time.Now() // the answer may be this old
	changed, err := w.source.ChangedSince(ctx, last, batch)
	if err != nil {
		if caller.Err() == nil { // otherwise the caller has left
			w.note(err)
		}
		return w.current(w.config.Trust)
	}
	w.apply(changed)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.polled, w.known, w.failing = changed.Last, start, writes, false
	return true
}

// current reports whether the last poll is younger than age and has seen every write of this process.
func (w *Watch) current(age time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.currentAt(time.Now(), age)
}

// currentAt is current for a caller that holds the lock.
func (w *Watch) currentAt(now time.Time, age time.Duration) bool {
	return w.last >= 0 && w.known == w.writes && now.Sub(w.polled) < age
}

// note logs that polling fails, once until it succeeds again.
func (w *Watch) note(err error) {
	w.mu.Lock()
	logged := w.failing
	w.failing = true
	w.mu.Unlock()
	if !logged {
		w.log.Warn("changes of records cannot be polled; reading access from the database", "error", err)
	}
}

// apply drops the records that changed and notifies their subscribers.
func (w *Watch) apply(c lockstep.ChangedAccounts) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Unknown {
		w.kept.clear()
		for _, l := range w.loading {
			l.overtaken = true
		}
		clear(w.loading)
		for _, subscribers := range w.subscribers {
			notify(subscribers)
		}
		return
	}
	for _, account := range c.Accounts {
		w.kept.drop(account)
		if l := w.loading[account]; l != nil {
			l.overtaken = true
			delete(w.loading, account)
		}
		notify(w.subscribers[account])
	}
}

// wrote notes a write of this process, so that the next read polls.
func (w *Watch) wrote() {
	w.mu.Lock()
	w.writes++
	w.mu.Unlock()
	select {
	case w.hurry <- struct{}{}:
	default: // a poll is already requested
	}
}
