package upstream

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestSkewIsTheSmallestPossible(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 3, 0, 10, 0, time.UTC)
	const second = time.Second
	for name, c := range map[string]struct {
		date           time.Time
		sent, received time.Time
		skew           time.Duration
	}{
		"the same":              {at, at, at, 0},
		"cut to the second":     {at, at.Add(900 * time.Millisecond), at.Add(950 * time.Millisecond), 0},
		"a slow answer":         {at, at.Add(-20 * second), at.Add(20 * second), 0},
		"the provider is ahead": {at, at.Add(-90 * second), at.Add(-89 * second), 89 * second},
		"we are ahead":          {at, at.Add(90 * second), at.Add(91 * second), -89 * second},
	} {
		if skew, dated := skewOf(c.date.Format(http.TimeFormat), c.sent, c.received); skew != c.skew || !dated {
			t.Errorf("%s: %s %t, want %s", name, skew, dated, c.skew)
		}
	}
	for _, header := range []string{"", "yesterday"} {
		if _, dated := skewOf(header, at, at); dated {
			t.Errorf("%q counts as a date", header)
		}
	}
}

// TestARefusalTellsTheClockToo: a wrong key must not hide a wrong clock.
func TestARefusalTellsTheClockToo(t *testing.T) {
	t.Parallel()
	gate := acme.NewGate(lockstep.Limits{PerSecond: 1000})
	if _, known := gate.Skew(); known {
		t.Error("the clock is known before the first answer")
	}
	ctx, answer := Keep(context.WithoutCancel(t.Context()))
	_, err := askWith(ctx, t, acme, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"acme":true,"code":"no"}`))
	})
	if err == nil {
		t.Fatal("401 is no error")
	}
	gate.Heard(answer)
	if skew, known := gate.Skew(); !known || skew < 59*time.Minute || skew > time.Hour {
		t.Errorf("skew %s %t", skew, known)
	}
}
