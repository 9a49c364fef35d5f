package lockstep

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// RunID identifies a run in log lines, traces and the history: 16 hexadecimal digits. Empty means no run.
type RunID string

// NewRunID returns the id of the run of a key that began at a time. A key never runs twice at once, so its runs
// begin at different milliseconds.
func NewRunID(key Key, began time.Time) RunID {
	sum := sha256.Sum256([]byte(key.String() + " " + strconv.FormatInt(began.UnixMilli(), 10)))
	return RunID(hex.EncodeToString(sum[:8]))
}

// ID returns the id of the first of the runs that the record stands for.
func (r Run) ID() RunID { return NewRunID(r.Key, r.Began) }

type runKey struct{}

// WithRun returns the context of a run.
func WithRun(ctx context.Context, id RunID) context.Context {
	return context.WithValue(ctx, runKey{}, id)
}

// RunOf returns the run of a context.
func RunOf(ctx context.Context) RunID {
	id, _ := ctx.Value(runKey{}).(RunID)
	return id
}
