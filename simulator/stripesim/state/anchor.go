package state

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// AnchorConfig is how a billing anchor was chosen: a day, and optionally a
// month and a time of day.
type AnchorConfig struct {
	Day    int64  `json:"day_of_month"`
	Month  *int64 `json:"month"`
	Hour   *int64 `json:"hour"`
	Minute *int64 `json:"minute"`
	Second *int64 `json:"second"`
}

// Show shows the config; nil is null.
func (a *AnchorConfig) Show() any {
	if a == nil {
		return nil
	}
	number := func(n *int64) any {
		if n == nil {
			return nil
		}
		return *n
	}
	return api.Object{"day_of_month": a.Day, "month": number(a.Month), "hour": number(a.Hour),
		"minute": number(a.Minute), "second": number(a.Second)}
}

// Next returns the first moment from now on that matches the config. A part of
// the time of day that was not given is taken from now.
func (a *AnchorConfig) Next(now time.Time) time.Time {
	part := func(n *int64, fallback int) int {
		if n == nil {
			return fallback
		}
		return int(*n)
	}
	for months := 0; ; months++ {
		first := time.Date(now.Year(), now.Month()+time.Month(months), 1, part(a.Hour, now.Hour()),
			part(a.Minute, now.Minute()), part(a.Second, now.Second()), 0, time.UTC)
		if a.Month != nil && int64(first.Month()) != *a.Month {
			continue
		}
		last := first.AddDate(0, 1, -1).Day()
		if at := first.AddDate(0, 0, min(int(a.Day), last)-1); !at.Before(now) {
			return at
		}
	}
}
