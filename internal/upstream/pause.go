package upstream

import (
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// everything is the name of a pause of all endpoints.
const everything = "*"

// pause is until when something must not be called.
type pause struct {
	until    time.Time
	endpoint string // of the object; empty for an endpoint's own
	own      bool   // not heard from the fleet, which may not know it yet
}

// refused keeps away from what has refused: for as long as it said, or else by half the
// rate.
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

// pauseUntil pauses an endpoint, which the other replicas are told.
func (g *Gate) pauseUntil(endpoint string, until, now time.Time) {
	for name, p := range g.pauses {
		if !p.until.After(now) || p.endpoint == endpoint {
			delete(g.pauses, name) // over, or part of this
		}
	}
	if until.After(g.pauses[endpoint].until) {
		g.pauses[endpoint] = pause{until: until, own: true}
		if g.called != nil {
			g.called(true)
		}
	}
}

// otherPaused reports whether another object of the endpoint is refused too: then it is
// not about the objects. So at most one object of each is kept in mind.
func (g *Gate) otherPaused(to target, now time.Time) bool {
	for name, p := range g.pauses {
		if p.endpoint == to.endpoint && name != to.object && p.until.After(now) {
			return true
		}
	}
	return false
}

// paused is for how long nobody may call the target.
func (g *Gate) paused(to target, now time.Time) time.Duration {
	var until time.Time
	for _, name := range [...]string{everything, to.endpoint, to.object} {
		if p := g.pauses[name]; p.until.After(until) {
			until = p.until
		}
	}
	return max(until.Sub(now), 0)
}

// news are the pauses that the fleet may not have heard of yet.
func (g *Gate) news(now time.Time) (told []lockstep.Pause) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, p := range g.pauses {
		if left := p.until.Sub(now); p.own && left > 0 {
			told = append(told, lockstep.Pause{Endpoint: g.provider + " " + name, For: left})
		}
	}
	return told
}

// hear takes over what the fleet has said: how many share, and what is paused. Who has
// just joined others leaves them time to hear of it.
func (g *Gate) hear(fleet lockstep.Fleet, joined bool) {
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
