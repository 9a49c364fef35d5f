package clients

import (
	"log/slog"
	"sync"
	"time"
)

// tallyEvery is the interval between the log lines of a [Tally].
const tallyEvery = time.Minute

// Tally logs what unauthenticated clients cause: the first time at once, then one line a minute with a
// count. So a flood cannot fill the log. Its zero value is ready to use. It is safe for concurrent use.
type Tally struct {
	mu       sync.Mutex
	timer    *time.Timer // runs for a minute after the last line
	unlogged int
	client   string // of the last time
	cause    error
}

// Note counts that a client caused message, which must be the same every time. Neither message nor cause
// may contain a secret.
func (t *Tally) Note(log *slog.Logger, message, client string, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unlogged, t.client, t.cause = t.unlogged+1, client, cause
	if t.timer == nil {
		t.report(log, message)
	}
}

// report logs the count since the last line, and runs again after a minute. After a minute without any,
// it stops.
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
