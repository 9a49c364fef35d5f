package upstream

import (
	"net/http"
	"time"
)

// skewOf returns how far the provider's clock is ahead of ours, by the Date header of an answer to a
// request that was sent and answered at these times. The header has whole seconds, so the result is the
// smallest difference that is possible: 0 if the clocks may agree.
func skewOf(header string, sent, received time.Time) (skew time.Duration, dated bool) {
	date, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	switch {
	case date.After(received):
		return date.Sub(received), true
	case date.Add(time.Second).Before(sent):
		return date.Add(time.Second).Sub(sent), true
	}
	return 0, true
}

// Heard notes what an answer says about the provider's clock.
func (g *Gate) Heard(a *Answer) {
	if a.dated {
		g.skew.Store(&a.skew)
	}
}

// Skew returns how far the provider's clock was ahead of ours at its last answer; negative: behind. It is
// false if no answer had a date yet.
func (g *Gate) Skew() (skew time.Duration, known bool) {
	if last := g.skew.Load(); last != nil {
		return *last, true
	}
	return 0, false
}
