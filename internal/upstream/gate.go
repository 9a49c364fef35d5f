package upstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Pace is how a provider limits requests, as its documents say.
type Pace struct {
	Window time.Duration // in which it counts
	// Names are the steps of paths that are no ids: what is not among them is taken for
	// one, so that the endpoints are few.
	Names []string
	// Reach says what a refusal for too many requests is about.
	Reach func(method string, e *lockstep.UpstreamError) Reach
}

// Reach is what a refusal for too many requests is about.
type Reach int

// The reaches.
const (
	OneEndpoint Reach = iota
	OneObject         // that the path names; of two at once, the endpoint
	Everything
)

// The longest that a call waits for its turn: somebody else's patience, or a part of
// what a run may take. What would wait longer is put off.
const (
	patience     = 20 * time.Second
	userPatience = 8 * time.Second
	// callTime is what a run must have left for the call itself.
	callTime = 5 * time.Second
	// overtaking is how many calls may overtake one that waits before it has its turn.
	overtaking = 9
)

// Gate is where all calls to a provider pass: it spends the replica's share of what the
// provider allows, lets those first of which somebody waits, and keeps away from what
// has refused. It is safe for concurrent use.
type Gate struct {
	provider string
	pace     Pace
	limits   lockstep.Limits
	called   func(urgent bool) (joining bool) // tells the fleet that there is something to share; may be nil

	mu        sync.Mutex
	share     float64
	all       *bucket
	endpoints map[string]*bucket
	pauses    map[string]pause
	line      []*waiter
	hold      time.Time // until when only what somebody waits for goes, see join
	overtaken int
	timer     *time.Timer
	tally     tally
}

// NewGate returns the gate to a provider that allows so much.
func (r Rules) NewGate(limits lockstep.Limits) *Gate {
	if limits.PerEndpoint == 0 {
		limits.PerEndpoint = limits.PerSecond
	}
	return &Gate{provider: r.Provider, pace: r.Pace, limits: limits, share: 1,
		all:       newBucket(limits.PerSecond, r.Pace.Window, 1, time.Now()),
		endpoints: map[string]*bucket{}, pauses: map[string]pause{}}
}

// Call makes a call when it may be made. It returns a [*lockstep.DelayError] that counts
// as no try, and makes none, where that would take too long.
func (g *Gate) Call(ctx context.Context, method, path string, call func() error) error {
	to := target{endpoint: g.endpoint(method, path), object: method + " " + path}
	if err := g.enter(ctx, to); err != nil {
		return err
	}
	err := call()
	var refused *lockstep.UpstreamError
	if errors.As(err, &refused) && refused.Status == 429 {
		g.refused(to, method, refused)
	}
	return err
}

// PerSecond is how many requests a second the provider allows the account in all.
func (g *Gate) PerSecond() float64 { return g.limits.PerSecond }

// target is what is called: an endpoint, and the object that the path names.
type target struct{ endpoint, object string }

// endpoint is a path's route: ids are left out.
func (g *Gate) endpoint(method, path string) string {
	path = strings.TrimPrefix(path, "/")
	path = strings.TrimPrefix(path, "v1/") // what one SDK adds by itself
	steps := strings.Split(path, "/")
	for i, step := range steps {
		if !slices.Contains(g.pace.Names, step) {
			steps[i] = "{}"
		}
	}
	return method + " /v1/" + strings.Join(steps, "/")
}

// waiter is a call that waits for its turn.
type waiter struct {
	to       target
	priority lockstep.Priority
	since    time.Time
	turn     chan struct{} // closed when it is
}

// enter waits for the call's turn, or says that it would take too long.
func (g *Gate) enter(ctx context.Context, to target) error {
	w := &waiter{to: to, priority: lockstep.PriorityOf(ctx), since: time.Now(), turn: make(chan struct{})}
	limit := patience
	if w.priority == lockstep.Interactive {
		limit = userPatience
	}
	if deadline, has := ctx.Deadline(); has {
		limit = min(limit, max(time.Until(deadline)-callTime, 0))
	}
	if err := g.join(w, limit); err != nil {
		return err
	}
	select {
	case <-w.turn:
		return nil
	default:
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
	case <-timer.C:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.line, w)
	if at < 0 {
		return nil // its turn came at the same moment
	}
	g.line = slices.Delete(g.line, at, at+1)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return g.putOff(g.ready(w, time.Now()))
}

// join puts a call in the line, behind what is as urgent.
func (g *Gate) join(w *waiter, limit time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := w.since
	g.refill(now)
	if g.called != nil && g.called(false) {
		// The others may be spending all there is, until they have heard of us.
		g.all.tokens, g.hold = min(g.all.tokens, 1), now.Add(beatTime)
	}
	at := slices.IndexFunc(g.line, func(other *waiter) bool { return other.priority > w.priority })
	if at < 0 {
		at = len(g.line)
	}
	before := time.Duration(float64(at) / g.all.rate() * float64(time.Second))
	if wait := max(g.ready(w, now), before); wait > limit {
		return g.putOff(wait)
	}
	g.line = slices.Insert(g.line, at, w)
	g.advance(now)
	if slices.Contains(g.line, w) {
		g.tally.waits++
	}
	return nil
}

// putOff is a call that is not made.
func (g *Gate) putOff(wait time.Duration) error {
	g.tally.putOff++
	return &lockstep.DelayError{Reason: fmt.Sprintf("%s allows no further requests for now", g.provider), Untried: true,
		After: wait + rand.N(wait/8+time.Second)}
}

// refill brings the buckets up to date.
func (g *Gate) refill(now time.Time) {
	g.all.refill(now)
	for _, b := range g.endpoints {
		b.refill(now)
	}
}

// bucketOf is the endpoint's.
func (g *Gate) bucketOf(endpoint string, now time.Time) *bucket {
	b := g.endpoints[endpoint]
	if b == nil {
		b = newBucket(g.limits.PerEndpoint, g.pace.Window, g.share, now)
		g.endpoints[endpoint] = b
	}
	return b
}

// ready is how long until a call could be made if it were the next.
func (g *Gate) ready(w *waiter, now time.Time) time.Duration {
	wait := max(g.paused(w.to, now), g.bucketOf(w.to.endpoint, now).wait(1))
	if w.priority != lockstep.Interactive {
		wait = max(wait, g.hold.Sub(now))
	}
	enough := g.all.enough(w.priority == lockstep.Interactive || g.overtaken >= overtaking)
	return max(wait, g.all.wait(enough))
}

// advance gives turns as far as there are any, and has itself called when there will
// be. The buckets are refilled.
func (g *Gate) advance(now time.Time) {
	for {
		next := g.next(now)
		if next < 0 {
			break
		}
		w := g.line[next]
		g.line = slices.Delete(g.line, next, next+1)
		g.all.tokens--
		g.bucketOf(w.to.endpoint, now).tokens--
		g.tally.calls++
		g.tally.waited += now.Sub(w.since)
		if last := len(g.line) - 1; g.overtaken < overtaking && last >= 0 && g.line[last].priority > w.priority {
			g.overtaken++
		} else {
			g.overtaken = 0
		}
		close(w.turn)
	}
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	if len(g.line) == 0 {
		return
	}
	soonest := g.ready(g.line[0], now)
	for _, w := range g.line[1:] {
		soonest = min(soonest, g.ready(w, now))
	}
	g.timer = time.AfterFunc(soonest, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		now := time.Now()
		g.refill(now)
		g.advance(now)
	})
}

// next is the first in the line that may go now, so that nobody waits behind one whose
// endpoint is closed; or, after many that overtook, who has waited longest.
func (g *Gate) next(now time.Time) int {
	first := -1
	for i, w := range g.line {
		if g.ready(w, now) > 0 {
			continue
		}
		if g.overtaken < overtaking {
			return i
		}
		if first < 0 || w.since.Before(g.line[first].since) {
			first = i
		}
	}
	return first
}
