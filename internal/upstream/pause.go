package upstream

import (
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// everything names a pause of all endpoints.
const everything = "*"

// pause says until when an endpoint or object must not be called.
type pause struct {
	until    time.Time
	endpoint string // the object's endpoint; empty if an endpoint is paused
	own      bool   // this replica met the refusal, so the others may not know of it
}

// refused handles a 429: it pauses what the refusal is about for as long as Retry-After says, or halves its rate.
func (g *Gate) refused(to target, method string, e *lockstep.UpstreamError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.tally.refused++
	g.refill(now)
	reach := g.pace.Reach(method, e)
	switch reach {
	case Everything:
		g.all.slow(now)
	case OneEndpoint:
		g.bucketOf(to.endpoint, now).slow(now)
	}
	if e.RetryAfter <= 0 {
		return
	}
	until := now.Add(e.RetryAfter)
	switch {
	case reach == Everything:
		g.pauseUntil(everything, until, now)
	case reach == OneObject && !g.otherPaused(to, now):
		g.pauses[to.object] = pause{until: until, endpoint: to.endpoint}
		return
	default:
		g.pauseUntil(to.endpoint, until, now)
	}
}

// pauseUntil pauses an endpoint and tells the other replicas.
func (g *Gate) pauseUntil(endpoint string, until, now time.Time) {
	for name, p := range g.pauses {
		if !p.until.After(now) || p.endpoint == endpoint {
			delete(g.pauses, name) // over, or covered by the new pause
		}
	}
	if until.After(g.pauses[endpoint].until) {
		g.pauses[endpoint] = pause{until: until, own: true}
		if g.called != nil {
			g.called(true)
		}
	}
}

// otherPaused reports whether another object of the endpoint is paused. The limit is then the endpoint's rather than
// the object's. So at most one object of each endpoint is paused at a time.
func (g *Gate) otherPaused(to target, now time.Time) bool {
	for name, p := range g.pauses {
		if p.endpoint == to.endpoint && name != to.object && p.until.After(now) {
			return true
		}
	}
	return false
}

// paused is for how much longer the target must not be called.
func (g *Gate) paused(to target, now time.Time) time.Duration {
	var until time.Time
	for _, name := range [...]string{everything, to.endpoint, to.object} {
		if p := g.pauses[name]; p.until.After(until) {
			until = p.until
		}
	}
	return max(until.Sub(now), 0)
}

// ownPauses returns the pauses that this replica has to tell the others about.
func (g *Gate) ownPauses(now time.Time) (pauses []lockstep.Pause) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, p := range g.pauses {
		if left := p.until.Sub(now); p.own && left > 0 {
			pauses = append(pauses, lockstep.Pause{Endpoint: g.provider + " " + name, For: left})
		}
	}
	return pauses
}

// adopt takes over what the store says of the fleet: how many replicas share the limits, and what they have paused. A
// replica that has just joined holds back until the others have read that, too.
func (g *Gate) adopt(fleet lockstep.Fleet, joined bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.refill(now)
	if joined {
		g.hold = now
		if fleet.Replicas > 1 {
			g.hold = now.Add(beatEvery + beatEvery/4)
		}
	}
	if share := 1 / float64(max(fleet.Replicas, 1)); share != g.share {
		g.share = share
		g.all.divide(share, now)
		for _, b := range g.endpoints {
			b.divide(share, now)
		}
	}
	for _, p := range fleet.Pauses {
		endpoint, ours := strings.CutPrefix(p.Endpoint, g.provider+" ")
		if until := now.Add(p.For); ours && until.After(g.pauses[endpoint].until) {
			g.pauses[endpoint] = pause{until: until}
		}
	}
	g.advance(now)
}
