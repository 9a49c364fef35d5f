package reconcile

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Clerk takes ten writes of one user's or organization's metadata in ten seconds, and
// the application may make some of them. So every other one is ours: five at once, and
// then one every two seconds. What is held back is not lost: the next run writes what is
// true by then.
const (
	writeEvery = 2 * time.Second
	writeBurst = 5
)

// pace takes a turn to write an account's metadata at a moment, or says how long until
// there is one. until is the record's, see [lockstep.Record]; one that another process's
// clock has put far ahead is not believed.
func pace(until, now time.Time) (next time.Time, wait time.Duration) {
	const ahead = (writeBurst - 1) * writeEvery
	if until.Before(now) {
		until = now
	}
	if furthest := now.Add(ahead + writeEvery); until.After(furthest) {
		until = furthest
	}
	if wait := until.Sub(now) - ahead; wait > 0 {
		return until, wait
	}
	return until.Add(writeEvery), 0
}

// projection is what is to be written into the directory's metadata.
type projection struct {
	want   map[string]any // our keys
	change map[string]any // what differs; empty: nothing is to be written
	wait   time.Duration  // until it may be
	same   bool           // the directory refused the same change before
}

// plan says which of our keys of the directory's metadata differ from what stands there:
// as observed in this run, else as we last wrote it. So the echo of our own write
// (user.updated) writes nothing. A change that was refused is not tried again until it or the
// application's own metadata differs. The turn to write is in the record, which is saved before.
func (r *run) plan(access lockstep.Access, at time.Time) projection {
	if r.absent {
		return projection{}
	}
	p := projection{want: r.Keys.Project(r.now, access)}
	have := r.now.Projected
	if r.identity != nil {
		have = r.identity.Metadata
	}
	p.change = patch(have, p.want)
	if known, found := r.now.Problem(lockstep.StepMetadata); found && len(p.change) > 0 &&
		r.stillFull(known.Digest, p.change) {
		r.failures = append(r.failures, fmt.Errorf("%s: %s", lockstep.StepMetadata, known.Reason))
		return projection{want: r.now.Projected, same: true}
	}
	if p = r.spare(p, access); len(p.change) > 0 {
		r.now.PacedUntil, p.wait = pace(r.now.PacedUntil, at)
	}
	return p
}

// project does what was planned.
func (r *run) project(ctx context.Context, p projection) error {
	if p.wait > 0 {
		return &lockstep.DelayError{Reason: "the metadata was written too often just now", After: p.wait, Untried: true}
	}
	held := p.want
	if len(p.change) > 0 {
		var err error
		if held, err = r.writeMetadata(ctx, p); err != nil {
			return err
		}
	} else if !p.same {
		r.now.ClearProblem(lockstep.StepMetadata)
	}
	if reflect.DeepEqual(held, r.now.Projected) {
		return nil
	}
	if err := r.Store.SaveProjected(ctx, r.claim, r.account, held); err != nil {
		return fmt.Errorf("record metadata: %w", err)
	}
	r.now.Projected, r.was.Projected = held, held
	return nil
}

// writeMetadata merges the change, or as much of it as the directory takes. It returns what
// the metadata then holds of ours.
func (r *run) writeMetadata(ctx context.Context, p projection) (held map[string]any, err error) {
	err = r.Directory.MergeMetadata(ctx, r.account, p.change)
	_, refused := refusal(err)
	switch {
	case err == nil:
		r.now.ClearProblem(lockstep.StepMetadata)
		return p.want, nil
	case errors.Is(err, lockstep.ErrNotFound): // the account is gone; its deletion follows
		return r.now.Projected, r.refused(lockstep.StepMetadata, "", fmt.Errorf("write metadata: %w", err))
	case refused:
		return r.projectLess(ctx, p, fmt.Errorf("write metadata: %w", err))
	}
	return nil, fmt.Errorf("write metadata: %w", err)
}

// patch is what to merge into have so that it holds want under want's keys. The
// merge is deep: what an object of ours no longer has must be removed by a nil.
func patch(have, want map[string]any) map[string]any {
	change := map[string]any{}
	for key, value := range want {
		if reflect.DeepEqual(have[key], value) {
			continue
		}
		wantObject, isObject := value.(map[string]any)
		haveObject, wasObject := have[key].(map[string]any)
		if isObject && wasObject {
			inner := patch(haveObject, wantObject)
			for k := range haveObject {
				if _, kept := wantObject[k]; !kept {
					inner[k] = nil
				}
			}
			value = inner
		}
		change[key] = value
	}
	return change
}
