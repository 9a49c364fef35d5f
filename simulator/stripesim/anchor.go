package stripesim

import "time"

// AnchorConfig is how an anchor was chosen: a day, and optionally a month and a
// time of day.
type AnchorConfig struct {
	Day    int64  `json:"day_of_month"`
	Month  *int64 `json:"month"`
	Hour   *int64 `json:"hour"`
	Minute *int64 `json:"minute"`
	Second *int64 `json:"second"`
}

func (a *AnchorConfig) show() any {
	if a == nil {
		return nil
	}
	number := func(n *int64) any {
		if n == nil {
			return nil
		}
		return *n
	}
	return object{"day_of_month": a.Day, "month": number(a.Month), "hour": number(a.Hour), "minute": number(a.Minute),
		"second": number(a.Second)}
}

// readAnchor reads billing_cycle_anchor or billing_cycle_anchor_config of a new
// subscription; the zero time is now.
func (s *Stripe) readAnchor(p params) (time.Time, *AnchorConfig) {
	if p.has("billing_cycle_anchor") && p.has("billing_cycle_anchor_config") {
		p.fail(malformed("", "billing_cycle_anchor", "You may only specify one of these parameters: billing_cycle_anchor, billing_cycle_anchor_config."))
	}
	if !p.has("billing_cycle_anchor_config") {
		anchor := p.time("billing_cycle_anchor")
		if !anchor.IsZero() && !anchor.After(s.now()) {
			p.fail(invalid("billing_cycle_anchor", "billing_cycle_anchor must be a timestamp in the future."))
		}
		return anchor, nil
	}
	sent := p.sub("billing_cycle_anchor_config").only("day_of_month", "month", "hour", "minute", "second")
	sent.required("day_of_month")
	within := func(field string, low, high int64) *int64 {
		if !sent.has(field) {
			return nil
		}
		value := sent.integer(field, low)
		if value < low || value > high {
			sent.fail(malformed("parameter_invalid_integer", sent.name(field),
				"This value must be between %d and %d (inclusive).", low, high))
		}
		return &value
	}
	config := &AnchorConfig{Month: within("month", 1, 12), Hour: within("hour", 0, 23), Minute: within("minute", 0, 59),
		Second: within("second", 0, 59)}
	if day := within("day_of_month", 1, 31); day != nil {
		config.Day = *day
	}
	if p.failed() != nil {
		return time.Time{}, nil
	}
	return config.next(s.now()), config
}

// next is the first time from now on that the config describes. A part of the
// time of day that was not given is now's.
func (a *AnchorConfig) next(now time.Time) time.Time {
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
