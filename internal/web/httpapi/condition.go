package httpapi

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/instance"
)

// HealthReason says why a service that can store deliveries needs attention.
type HealthReason struct {
	Code   string `json:"code" example:"provider_down"`
	Detail string `json:"detail" doc:"What it means and where to look; without names and numbers, because anyone may read it"`
}

// Conditions are what /healthz reports beside the database. A nil field reports nothing.
type Conditions struct {
	// Providers returns the reasons about providers and their deliveries.
	Providers func(now time.Time) []HealthReason
	// Open measures the open work.
	Open func(ctx context.Context) (lockstep.Measurement, error)
	// Resources returns what the store uses.
	Resources func() lockstep.Resources
}

const (
	// payerWaits is how long an event that may grant access may stay open.
	payerWaits = 5 * time.Minute
	// queueWaits is how long a due key may wait for a worker.
	queueWaits = 5 * time.Minute
	// diskLeft is how many bytes the disk must have left.
	diskLeft = 1 << 30
)

// instancePaused is the code of a key of another instance.
const instancePaused = "instance_paused"

// reasons returns why the service is degraded; none if it is not.
func (a *API) reasons(ctx context.Context) ([]HealthReason, error) {
	c := a.Operations.Conditions
	var found []HealthReason
	if c.Providers != nil {
		found = append(found, c.Providers(time.Now())...)
	}
	if c.Resources != nil {
		if free := c.Resources().DiskFree; free >= 0 && free < diskLeft {
			found = append(found, HealthReason{"disk_nearly_full", "the database's disk has less than 1 GiB left"})
		}
	}
	if c.Open != nil {
		m, err := c.Open(ctx)
		if err != nil {
			return nil, err
		}
		found = append(found, openWork(m)...)
	}
	return a.decisions(ctx, found)
}

// openWork returns the reasons in what waits.
func openWork(m lockstep.Measurement) (found []HealthReason) {
	add := func(holds bool, code, detail string) {
		if holds {
			found = append(found, HealthReason{code, detail})
		}
	}
	waiting := max(m.Granting[lockstep.EventPending].Age, m.Granting[lockstep.EventFailed].Age)
	add(waiting > payerWaits, "payment_waiting",
		"an event that may grant access has been open for more than five minutes; see GET /v1/work")
	add(m.Granting[lockstep.EventParked].Count > 0, "payment_parked",
		"a payment belongs to no known account; see GET /v1/events?status=parked and lockstep link")
	add(m.Ended[lockstep.Parked] > 0, "work_parked", "work waits for an account or a link; see GET /v1/work")
	add(m.Ended[lockstep.Failed] > 0, "work_failed", "work failed and a retry cannot help; see GET /v1/work")
	var oldest time.Duration
	for _, due := range m.Due {
		oldest = max(oldest, due.Age)
	}
	add(oldest > queueWaits, "queue_slow", "due work has waited for more than five minutes; see lockstep_queue_due")
	return found
}

// decisions adds what only an operator can decide.
func (a *API) decisions(ctx context.Context, found []HealthReason) ([]HealthReason, error) {
	deletions, err := a.Store.DeletionTally(ctx)
	if err != nil {
		return nil, err
	}
	if deletions[lockstep.DeletionHeld] > 0 {
		found = append(found, HealthReason{"brake_on", "the brake holds deletions; see lockstep deletions"})
	}
	if a.Operations.Guard == nil {
		return found, nil
	}
	return append(found, standings(a.Operations.Guard.Standings(ctx))...), nil
}

// standings returns the reasons in how the keys of this process compare with the database.
func standings(all []instance.Standing) (found []HealthReason) {
	for _, s := range all {
		switch {
		case s.Problem == "":
		case s.Own == "":
			found = append(found, HealthReason{"instance_unread", "the key of " + string(s.Provider) +
				" could not be compared with this database yet, so its work waits; see the log"})
		default:
			found = append(found, HealthReason{instancePaused, "the key of " + string(s.Provider) +
				" is not accepted for this database; see GET /v1/instance"})
		}
	}
	return found
}
