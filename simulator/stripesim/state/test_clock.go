package state

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/schedule"
)

// ClockTimer is a timer on a test clock.
type ClockTimer = schedule.Timer

// TestClock is a clock for the customers created on it. It stands still until
// it is advanced.
type TestClock struct {
	ID         string       `json:"id"`
	Created    time.Time    `json:"created"` // by the billing clock
	Name       string       `json:"name"`
	FrozenTime time.Time    `json:"frozen_time"`
	Target     time.Time    `json:"target_frozen_time"` // zero unless advancing
	Timers     []ClockTimer `json:"timers"`             // by (due, sequence)
	Customers  []string     `json:"customers"`
}

// Key is the id.
func (t *TestClock) Key() string { return t.ID }

// Advancing reports whether the clock is on its way to its target.
func (t *TestClock) Advancing() bool { return !t.Target.IsZero() }
