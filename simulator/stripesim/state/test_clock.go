package state

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/schedule"
)

// ClockTimer is a timer on a test clock; schedule.Timer tells the fields.
type ClockTimer = schedule.Timer

// TestClock is a time of its own for the customers that were created on it. It
// stands still until it is told to advance.
type TestClock struct {
	ID         string       `json:"id"`
	Created    time.Time    `json:"created"` // by the billing clock
	Name       string       `json:"name"`
	FrozenTime time.Time    `json:"frozen_time"`
	Target     time.Time    `json:"target_frozen_time"` // zero unless it is advancing
	Timers     []ClockTimer `json:"timers"`             // by (due, sequence)
	Customers  []string     `json:"customers"`
}

// Key is the id.
func (t *TestClock) Key() string { return t.ID }

func (t *TestClock) Advancing() bool { return !t.Target.IsZero() }
