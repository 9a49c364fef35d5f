package billing

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// readAnchor reads billing_cycle_anchor or billing_cycle_anchor_config of a new
// subscription. The zero time means now.
func (s *Billing) readAnchor(p api.Params) (time.Time, *state.AnchorConfig) {
	if p.Has("billing_cycle_anchor") && p.Has("billing_cycle_anchor_config") {
		p.Fail(api.Malformed("", "billing_cycle_anchor", "You may only specify one of these parameters: billing_cycle_anchor, billing_cycle_anchor_config."))
	}
	if !p.Has("billing_cycle_anchor_config") {
		anchor := p.Time("billing_cycle_anchor")
		if !anchor.IsZero() && !anchor.After(s.Now()) {
			p.Fail(api.Invalid("billing_cycle_anchor", "billing_cycle_anchor must be a timestamp in the future."))
		}
		return anchor, nil
	}
	sent := p.Sub("billing_cycle_anchor_config").Only("day_of_month", "month", "hour", "minute", "second")
	sent.Required("day_of_month")
	within := func(field string, low, high int64) *int64 {
		if !sent.Has(field) {
			return nil
		}
		value := sent.Integer(field, low)
		if value < low || value > high {
			sent.Fail(api.Malformed("parameter_invalid_integer", sent.Name(field),
				"This value must be between %d and %d (inclusive).", low, high))
		}
		return &value
	}
	config := &state.AnchorConfig{Month: within("month", 1, 12), Hour: within("hour", 0, 23),
		Minute: within("minute", 0, 59), Second: within("second", 0, 59)}
	if day := within("day_of_month", 1, 31); day != nil {
		config.Day = *day
	}
	if p.Failed() != nil {
		return time.Time{}, nil
	}
	return config.Next(s.Now()), config
}
