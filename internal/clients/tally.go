package clients

import (
	"log/slog"
	"sync"
	"time"
)

// tallyEvery is how often a [Tally] logs, however much there is.
const tallyEvery = time.Minute

// Tally logs what strangers can cause: the first time at once, and then one line a minute with
// how often it happened. One line each time would let anybody fill the log. Its zero value is
// ready, and it is safe for concurrent use.
type Tally struct {
	mu       sync.Mutex
	timer    *time.Timer // runs while something happened within the last minute
	unlogged int
	client   string // the last one
	cause    error
}

// Note counts that a client caused message, which is the same each time. It must not hold a
// secret, nor must the cause.
func (t *Tally) Note(log *slog.Logger, message, client string, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unlogged, t.client, t.cause = t.unlogged+1, client, cause
	if t.timer == nil {
		t.report(log, message)
	}
}

// report logs what was not logged yet, and comes back after a minute. After a minute without
// anything it ends.
func (t *Tally) report(log *slog.Logger, message string) {
	if t.unlogged == 0 {
		t.timer = nil
		return
	}
	log.Warn(message, "count", t.unlogged, "last_client", t.client, "last_error", t.cause)
	t.unlogged = 0
	t.timer = time.AfterFunc(tallyEvery, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.report(log, message)
	})
}
