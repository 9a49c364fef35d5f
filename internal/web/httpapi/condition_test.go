package httpapi

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/instance"
)

// codes returns the codes of reasons.
func codes(reasons []HealthReason) (found []string) {
	for _, r := range reasons {
		found = append(found, r.Code)
	}
	return found
}

func TestWhatMakesAServiceDegraded(t *testing.T) {
	t.Parallel()
	waits := func(age time.Duration) lockstep.Backlog { return lockstep.Backlog{Count: 1, Age: age} }
	events := func(status lockstep.EventStatus, age time.Duration) lockstep.Measurement {
		return lockstep.Measurement{Granting: map[lockstep.EventStatus]lockstep.Backlog{status: waits(age)}}
	}
	for name, c := range map[string]struct {
		open lockstep.Measurement
		want []string
	}{
		"nothing":                        {lockstep.Measurement{}, nil},
		"a payment of a minute ago":      {events(lockstep.EventPending, time.Minute), nil},
		"a payment of ten minutes ago":   {events(lockstep.EventPending, 10*time.Minute), []string{"payment_waiting"}},
		"a payment whose run failed":     {events(lockstep.EventFailed, 10*time.Minute), []string{"payment_waiting"}},
		"a payment of nobody we know":    {events(lockstep.EventParked, time.Second), []string{"payment_parked"}},
		"a parked key":                   {lockstep.Measurement{Ended: map[lockstep.Disposition]int64{lockstep.Parked: 1}}, []string{"work_parked"}},
		"a failed key":                   {lockstep.Measurement{Ended: map[lockstep.Disposition]int64{lockstep.Failed: 2}}, []string{"work_failed"}},
		"background work of a minute":    {lockstep.Measurement{Due: map[lockstep.Priority]lockstep.Backlog{2: waits(time.Minute)}}, nil},
		"background work of ten minutes": {lockstep.Measurement{Due: map[lockstep.Priority]lockstep.Backlog{2: waits(10 * time.Minute)}}, []string{"queue_slow"}},
	} {
		if got := codes(openWork(c.open)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestAKeyThatNobodyCouldReadIsNotCalledForeign: while Clerk is down at a start, nobody knows.
func TestAKeyThatNobodyCouldReadIsNotCalledForeign(t *testing.T) {
	t.Parallel()
	got := codes(standings([]instance.Standing{{Provider: lockstep.Clerk, Own: "ins_1"},
		{Provider: lockstep.Clerk, Problem: "down"}, {Provider: lockstep.Stripe, Own: "live", Problem: "foreign"}}))
	if want := []string{"instance_unread", "instance_paused"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestReasonsAreRead at most once in five seconds, however many strangers ask. An error is not remembered.
func TestReasonsAreReadRarely(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h health
		looks, broken := 0, errors.New("down")
		look := func(context.Context) ([]HealthReason, error) {
			looks++
			if looks == 1 {
				return nil, broken
			}
			return []HealthReason{{Code: "brake_on"}}, nil
		}
		if _, err := h.condition(t.Context(), look); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		for range 100 {
			if got, err := h.condition(t.Context(), look); err != nil || len(got) != 1 {
				t.Errorf("%v, %v", got, err)
			}
		}
		if looks != 2 {
			t.Errorf("%d looks", looks)
		}
		time.Sleep(reasonsFor)
		if _, err := h.condition(t.Context(), look); err != nil || looks != 3 {
			t.Errorf("%d looks after five seconds: %v", looks, err)
		}
	})
}
