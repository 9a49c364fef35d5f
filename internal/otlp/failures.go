package otlp

import (
	"log/slog"
	"sync"
	"time"
)

// logEvery is the least time between two log lines about failures.
const logEvery = time.Minute

// failures logs what the SDK reports, at most once a minute: a collector that is down fails every batch.
type failures struct {
	log *slog.Logger

	mu     sync.Mutex
	logged time.Time
	count  int // since the last line
}

// Handle implements otel.ErrorHandler.
func (f *failures) Handle(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	now := time.Now()
	if !f.logged.IsZero() && now.Sub(f.logged) < logEvery {
		return
	}
	f.log.Warn("traces not sent", "error", err, "count", f.count)
	f.logged, f.count = now, 0
}
