package upstream

import (
	"errors"
	"strconv"
	"testing"
	"time"
)

func TestIsTime(t *testing.T) {
	for s, want := range map[string]bool{"0": true, "1767268800": true, "0001767268": true, "999999999999": true,
		"": false, "1000000000000": false, "+1767268800": false, "-5": false, " 1767268800": false, "1e9": false,
		"1_0": false, "now": false, "٣": false} {
		if IsTime(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

func TestWindow(t *testing.T) {
	malformed, old, ahead := errors.New("malformed"), errors.New("too old"), errors.New("too new")
	window := Window{Tolerance: 5 * time.Minute, Malformed: malformed, TooOld: old, TooNew: ahead}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		age, tolerance time.Duration
		want           error
	}{
		{0, 0, nil},
		{5 * time.Minute, 0, nil},
		{5*time.Minute + time.Second, 0, old},
		{-5 * time.Minute, 0, nil},
		{-5*time.Minute - time.Second, 0, ahead},
		{6 * time.Minute, 10 * time.Minute, nil},
		{6 * time.Minute, time.Minute, old},
		{-2 * time.Minute, time.Minute, ahead},
		// It cannot be turned off.
		{6 * time.Minute, -time.Hour, old},
		{0, -time.Hour, nil},
	} {
		signed := strconv.FormatInt(now.Add(-c.age).Unix(), 10)
		if err := window.Check(signed, now, c.tolerance); !errors.Is(err, c.want) {
			t.Errorf("age %v, tolerance %v: %v", c.age, c.tolerance, err)
		}
	}
	for signed, want := range map[string]error{"": malformed, "now": malformed, "99999999999999999999": malformed,
		"0": old, "999999999999": ahead} {
		if err := window.Check(signed, now, 0); !errors.Is(err, want) {
			t.Errorf("%q: %v", signed, err)
		}
	}
}
