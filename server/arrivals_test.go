package server

import (
	"testing"
	"time"
)

// TestMissingDeliveriesAreNoticed: scans that find events, while nothing is delivered for an hour, mean that
// webhooks do not arrive. A quiet business has neither.
func TestMissingDeliveriesAreNoticed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	for name, c := range map[string]struct {
		up                 time.Duration
		delivered, scanned int64
		want               bool
	}{
		"scanned, never delivered":     {2 * time.Hour, 0, ago(time.Minute), true},
		"scanned, last delivered long": {9 * time.Hour, ago(3 * time.Hour), ago(time.Minute), true},
		"scanned and delivered":        {9 * time.Hour, ago(time.Minute), ago(time.Minute), false},
		"quiet":                        {9 * time.Hour, 0, 0, false},
		"scanned long ago":             {9 * time.Hour, 0, ago(2 * time.Hour), false},
		"just started":                 {time.Minute, 0, ago(time.Second), false},
	} {
		a := arrivals{started: now.Add(-c.up)}
		a.delivered.Store(c.delivered)
		a.scanned.Store(c.scanned)
		if got := a.missing(now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
