package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Source is what is watched: the store.
type Source interface {
	lockstep.ChangeFeed
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
}

const (
	// partsOfAccount is how much an account may take on average, see partsOf: that is
	// one with a subscription of one item.
	partsOfAccount = ownParts + 2
	// batch is how many changes are told one by one; of more, everything is dropped.
	batch = 1000
)

// Watch is the records that were read last, and who waits for a change of one.
type Watch struct {
	source Source
	config Config
	log    *slog.Logger
	turn   chan struct{} // held by who looks for changes

	mu      sync.Mutex
	last    int64     // the number up to which changes are known; -1 before the first look
	looked  time.Time // when the last look that succeeded began
	writes  uint64    // of our own
	known   uint64    // of those, how many the last look has seen
	failing bool      // the last look failed
	kept    *recent
	loading map[lockstep.Account]*load
	waiting map[lockstep.Account]map[*waiter]struct{}
	stop    context.CancelFunc // of the goroutine that looks; nil: nobody waits
	hurry   chan struct{}      // has it look at once
}

// New returns a watch over source. It does no input or output.
func New(source Source, config Config, log *slog.Logger) *Watch {
	config = config.withDefaults()
	return &Watch{source: source, config: config, log: log, turn: make(chan struct{}, 1), last: -1,
		kept: newRecent(config.Accounts * partsOfAccount), loading: map[lockstep.Account]*load{},
		waiting: map[lockstep.Account]map[*waiter]struct{}{}, hurry: make(chan struct{}, 1)}
}

// look learns what has changed, unless it was known a moment ago, and reports
// whether what is kept can be believed.
func (w *Watch) look(ctx context.Context) bool {
	if w.believable(w.config.Poll) {
		return true
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, w.config.Trust)
	defer cancel()
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return w.believable(w.config.Trust)
	}
	if w.believable(w.config.Poll) {
		return true // whoever had the turn before has looked
	}
	w.mu.Lock()
	last, writes := w.last, w.writes
	w.mu.Unlock()
	began := time.Now() // the answer may be as old as the question
	changed, err := w.source.ChangedSince(ctx, last, batch)
	if err != nil {
		if caller.Err() == nil { // else it is the caller who left
			w.note(err)
		}
		return w.believable(w.config.Trust)
	}
	w.apply(changed)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.looked, w.known, w.failing = changed.Last, began, writes, false
	return true
}

// believable reports whether the last look is not older than age, and has seen
// every write of our own.
func (w *Watch) believable(age time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last >= 0 && w.known == w.writes && time.Since(w.looked) < age
}

// note logs that looking fails, once until it succeeds again.
func (w *Watch) note(err error) {
	w.mu.Lock()
	said := w.failing
	w.failing = true
	w.mu.Unlock()
	if !said {
		w.log.Warn("changes cannot be read; access is read from the database until they can", "error", err)
	}
}

// apply drops what changed and tells who waits for it.
func (w *Watch) apply(c lockstep.ChangedAccounts) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Unknown {
		w.kept.clear()
		for _, l := range w.loading {
			l.overtaken = true
		}
		clear(w.loading)
		for _, waiters := range w.waiting {
			tell(waiters)
		}
		return
	}
	for _, account := range c.Accounts {
		w.kept.drop(account)
		if l := w.loading[account]; l != nil {
			l.overtaken = true
			delete(w.loading, account)
		}
		tell(w.waiting[account])
	}
}

// wrote has the next read look, since this process has written a record.
func (w *Watch) wrote() {
	w.mu.Lock()
	w.writes++
	w.mu.Unlock()
	select {
	case w.hurry <- struct{}{}:
	default: // it is in a hurry already
	}
}
