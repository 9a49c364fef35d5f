package listing

import (
	"context"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// reading fills a page of work, one index after the other.
type reading struct {
	filter lockstep.WorkFilter
	at     place // after which to continue
	limit  int
	looks  int // how many keys it may still look at
	ended  bool
	found  []queued
}

// more reports whether the page needs another step.
func (r *reading) more() bool { return !r.ended && r.looks > 0 && len(r.found) < r.limit }

// step looks at the next keys of one index.
func (r *reading) step(ctx context.Context, v sqlstore.View) error {
	most := min(r.looks, r.limit-len(r.found)+1)
	if r.filter.Kind != "" || r.filter.Status != "" {
		most = r.looks
	}
	looked, err := r.look(ctx, v, most)
	if err != nil {
		return err
	}
	r.looks -= len(looked)
	for i, q := range looked {
		if r.at = r.placeOf(q); r.lists(q.Work) {
			r.found = append(r.found, q)
		}
		if len(r.found) == r.limit && i < len(looked)-1 {
			return nil
		}
	}
	if len(looked) < most {
		r.advance()
	}
	return nil
}

// look reads the next keys.
func (r *reading) look(ctx context.Context, v sqlstore.View, most int) ([]queued, error) {
	if r.at.pending {
		return ask(ctx, v, WorkPending, r.at.priority, r.at.due, r.at.key, int64(most))
	}
	from, below := r.at.key, "~" // above every kind
	if kind := string(r.filter.Kind); kind != "" {
		from, below = max(from, kind+"/"), kind+"0" // the character after the slash
	}
	return ask(ctx, v, WorkEnded, from, below, int64(most))
}

// lists reports whether a key belongs on the page. A key that failed or parked and is pending again is listed
// among the pending ones.
func (r *reading) lists(w lockstep.Work) bool {
	return r.at.pending == w.Pending() && selects(r.filter, w)
}

func (r *reading) placeOf(q queued) place {
	if r.at.pending {
		return place{true, int64(q.Priority), q.due, q.Key.String()}
	}
	return place{key: q.Key.String()}
}

// advance goes to the next index.
func (r *reading) advance() {
	switch {
	case r.at.pending && r.at.priority < int64(lockstep.Background):
		r.at = place{pending: true, priority: r.at.priority + 1}
	case !r.at.pending && (r.filter.Status == "" || r.filter.Status == lockstep.WorkPending):
		r.at = place{pending: true}
	default:
		r.ended = true
	}
}
