package backfill

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// phases are the phases of a backfill, in their order.
var phases = []lockstep.BackfillPhase{lockstep.BackfillCustomers, lockstep.BackfillSubscriptions,
	lockstep.BackfillCheckouts, lockstep.BackfillUsers, lockstep.BackfillOrganizations, lockstep.BackfillResolving,
	lockstep.BackfillLinking, lockstep.BackfillPayments, lockstep.BackfillCleaning, lockstep.BackfillReleasing,
	lockstep.BackfillDone}

// New returns the state of a backfill that starts now.
func New(first, dryRun bool) lockstep.Backfill {
	return lockstep.Backfill{Phase: phases[0], First: first, DryRun: dryRun, StartedAt: time.Now().Unix()}
}

// Encode returns the cursor that holds a state.
func Encode(at lockstep.Backfill) string {
	text, err := json.Marshal(at)
	if err != nil {
		panic("backfill: a state does not marshal: " + err.Error()) // it holds only strings, numbers and booleans
	}
	return string(text)
}

// Cursors tells where sweeps stand.
type Cursors interface {
	Cursor(ctx context.Context, sweep string) (string, error)
}

// State reads where the backfill stands. The zero value means that it never ran.
func State(ctx context.Context, store Cursors) (at lockstep.Backfill, err error) {
	text, err := store.Cursor(ctx, lockstep.BackfillSweep)
	if err != nil || text == "" {
		return at, err
	}
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		return at, fmt.Errorf("the backfill's cursor is not one of this version: %w", err)
	}
	return at, nil
}

// linkedAll reports whether a backfill has decided about everything that it listed.
func linkedAll(at lockstep.Backfill) bool {
	return slices.Index(phases, at.Phase) > slices.Index(phases, lockstep.BackfillLinking)
}

// following returns the state in which the phase continues at a page; empty: the next phase starts.
func following(at lockstep.Backfill, page string) lockstep.Backfill {
	if at.Page = page; page != "" {
		return at
	}
	at.PhaseCount, at.Reached = 0, 0
	at.Phase = phases[slices.Index(phases, at.Phase)+1]
	if at.Phase == lockstep.BackfillDone {
		at.FinishedAt = time.Now().Unix()
	}
	return at
}

// count adds a page of objects to the totals. last is when the page's last object was created.
func count(at *lockstep.Backfill, total *int64, page int, last time.Time) {
	*total += int64(page)
	at.PhaseCount += int64(page)
	if !last.IsZero() {
		at.Reached = last.Unix()
	}
}
