package upstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/tracing"
)

// Pace is how a provider limits requests, according to its documentation.
type Pace struct {
	Window time.Duration // over which the provider counts requests
	// Names lists the literal path segments; every other segment is an id. So a route, whatever its ids, is one
	// endpoint.
	Names []string
	// Endpoints lists the routes that are called, as [Gate] writes them ("GET /v1/things/{}"), so that their
	// metrics exist before the first call. Calls to others are counted together.
	Endpoints []string
	// Reach says what a 429 is about.
	Reach func(method string, e *lockstep.UpstreamError) Reach
}

// Reach is what a 429 is about.
type Reach int

// The reaches.
const (
	OneEndpoint Reach = iota
	OneObject         // the one that the path names; if two are refused at once, the endpoint
	Everything
)

const (
	// A call that would wait longer for its turn is postponed: maxWait for background work, maxUserWait for calls
	// that a person or an app waits for.
	maxWait     = 20 * time.Second
	maxUserWait = 8 * time.Second
	// callTime is how much of the context's time must be left for the call itself.
	callTime = 5 * time.Second
	// maxOvertaking is how many calls in a row may overtake one of lower priority.
	maxOvertaking = 9
)

// Gate admits calls to a provider. It keeps to this replica's share of the provider's limits, admits interactive
// calls first, and makes no call to what has answered 429 until it may be called again. It is safe for concurrent
// use.
type Gate struct {
	provider string
	pace     Pace
	limits   lockstep.Limits
	called   func(urgent bool) (joining bool) // tells the fleet of a call or, urgently, of a pause; may be nil

	mu        sync.Mutex
	share     float64
	all       *bucket
	endpoints map[string]*bucket
	pauses    map[string]pause
	line      []*waiter
	hold      time.Time // until when only interactive calls are admitted; see join
	overtaken int       // calls in a row that overtook one of lower priority
	timer     *time.Timer
	tally     tally
	outage    outage
	// keyRefused: the last answer was a 401.
	keyRefused bool
	answers    answers // needs no lock
	skew       atomic.Pointer[time.Duration]
}

// NewGate returns a gate for a provider with these limits. Without a limit per endpoint, endpoints share the whole.
func (r Rules) NewGate(limits lockstep.Limits) *Gate {
	if limits.PerEndpoint == 0 {
		limits.PerEndpoint = limits.PerSecond
	}
	return &Gate{provider: r.Provider, pace: r.Pace, limits: limits, share: 1,
		answers:   newAnswers(r.Provider, r.Pace.Endpoints),
		all:       newBucket(limits.PerSecond, r.Pace.Window, 1, time.Now()),
		endpoints: map[string]*bucket{}, pauses: map[string]pause{}}
}

// Call waits until the limits allow a call and then runs it. If the wait would be too long it does not run it, and
// returns a [*lockstep.DelayError] that does not count as an attempt.
func (g *Gate) Call(ctx context.Context, method, path string, call func() error) error {
	to := target{endpoint: g.endpoint(method, path), object: method + " " + path}
	span := tracing.StartCall(ctx, g.provider, to.endpoint)
	asked := time.Now()
	if err := g.enter(ctx, to); err != nil {
		span.Ended("not_made", false)
		return err
	}
	calls, began := lockstep.CallsOf(ctx), time.Now()
	span.Admitted(began.Sub(asked))
	calls.Made(g.provider)
	err := call()
	g.ended(to, err, began)
	span.Ended(statusOf(err), err != nil)
	if err == nil && method != http.MethodGet {
		calls.Wrote(g.provider, to.endpoint)
	}
	var refused *lockstep.UpstreamError
	if errors.As(err, &refused) && refused.Status == 429 {
		g.refused(to, method, refused)
	}
	return err
}

// PerSecond is how many requests a second the provider allows, for all replicas together.
func (g *Gate) PerSecond() float64 { return g.limits.PerSecond }

// target is what a call is to: an endpoint, and the object that its path names.
type target struct{ endpoint, object string }

// endpoint returns the route of a path: its ids become {}.
func (g *Gate) endpoint(method, path string) string {
	path = strings.TrimPrefix(path, "/")
	path = strings.TrimPrefix(path, "v1/") // one SDK leaves it out
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if !slices.Contains(g.pace.Names, segment) {
			segments[i] = "{}"
		}
	}
	return method + " /v1/" + strings.Join(segments, "/")
}

// waiter is a call that waits for its turn.
type waiter struct {
	to       target
	priority lockstep.Priority
	since    time.Time
	turn     chan struct{} // closed when the call is admitted
}

// enter waits until the call is admitted. Its error says why it is not.
func (g *Gate) enter(ctx context.Context, to target) error {
	w := &waiter{to: to, priority: lockstep.PriorityOf(ctx), since: time.Now(), turn: make(chan struct{})}
	limit := w.limit(ctx)
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
	return g.leave(ctx, w)
}

// limit is the longest that a call may wait.
func (w *waiter) limit(ctx context.Context) time.Duration {
	limit := maxWait
	if w.priority == lockstep.Interactive {
		limit = maxUserWait
	}
	if deadline, has := ctx.Deadline(); has {
		limit = min(limit, max(time.Until(deadline)-callTime, 0))
	}
	return limit
}

// leave takes a call that has waited too long, or was canceled, out of the line.
func (g *Gate) leave(ctx context.Context, w *waiter) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.line, w)
	if at < 0 {
		return nil // admitted at the same moment
	}
	g.line = slices.Delete(g.line, at, at+1)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return g.postpone(g.ready(w, time.Now()))
}

// join puts a call into the line, behind those of the same priority. It fails if the call would wait longer than limit.
func (g *Gate) join(w *waiter, limit time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := w.since
	g.refill(now)
	if g.called != nil && g.called(false) {
		// Until the other replicas know of this one, they may be spending the whole limit.
		g.all.drain(1)
		g.hold = now.Add(beatTimeout)
	}
	at := slices.IndexFunc(g.line, func(other *waiter) bool { return other.priority > w.priority })
	if at < 0 {
		at = len(g.line)
	}
	before := time.Duration(float64(at) / g.all.rate() * float64(time.Second))
	if wait := max(g.ready(w, now), before); wait > limit {
		return g.postpone(wait)
	}
	g.line = slices.Insert(g.line, at, w)
	g.advance(now)
	if slices.Contains(g.line, w) {
		g.tally.waits++
	}
	return nil
}

// postpone returns the error of a call that would have to wait too long.
func (g *Gate) postpone(wait time.Duration) error {
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

// bucketOf returns an endpoint's bucket.
func (g *Gate) bucketOf(endpoint string, now time.Time) *bucket {
	b := g.endpoints[endpoint]
	if b == nil {
		b = newBucket(g.limits.PerEndpoint, g.pace.Window, g.share, now)
		g.endpoints[endpoint] = b
	}
	return b
}

// ready is how long until a call could be made if it were the next one.
func (g *Gate) ready(w *waiter, now time.Time) time.Duration {
	wait := max(g.paused(w.to, now), g.bucketOf(w.to.endpoint, now).wait(1))
	if w.priority != lockstep.Interactive {
		wait = max(wait, g.hold.Sub(now))
	}
	enough := g.all.enough(w.priority == lockstep.Interactive || g.overtaken >= maxOvertaking)
	return max(wait, g.all.wait(enough))
}

// advance admits all calls that may go now, and schedules itself for when the next one may. Call refill first.
func (g *Gate) advance(now time.Time) {
	for next := g.next(now); next >= 0; next = g.next(now) {
		g.admit(next, now)
	}
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	if len(g.line) > 0 {
		g.schedule(now)
	}
}

// admit takes a call out of the line and lets it go.
func (g *Gate) admit(index int, now time.Time) {
	w := g.line[index]
	g.line = slices.Delete(g.line, index, index+1)
	g.all.take()
	g.bucketOf(w.to.endpoint, now).take()
	g.tally.calls++
	g.tally.waited += now.Sub(w.since)
	if last := len(g.line) - 1; g.overtaken < maxOvertaking && last >= 0 && g.line[last].priority > w.priority {
		g.overtaken++
	} else {
		g.overtaken = 0
	}
	close(w.turn)
}

// schedule has advance run when the first call of the line may go.
func (g *Gate) schedule(now time.Time) {
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

// next returns the index of the first call in the line that may go now; -1 if none may. Calls to a paused endpoint
// hold up no others. After maxOvertaking calls that overtook, it is the call that has waited longest.
func (g *Gate) next(now time.Time) int {
	first := -1
	for i, w := range g.line {
		if g.ready(w, now) > 0 {
			continue
		}
		if g.overtaken < maxOvertaking {
			return i
		}
		if first < 0 || w.since.Before(g.line[first].since) {
			first = i
		}
	}
	return first
}
