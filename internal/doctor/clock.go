package doctor

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

var (
	clockOff = problem("clock_off", warning,
		"Lockstep rejects session tokens that are valid, and accepts those that have just expired",
		"synchronize this machine's clock: timedatectl set-ntp true")
	clockWrong = problem("clock_wrong", failure,
		"Lockstep rejects session tokens and, from 5 minutes on, every delivery",
		"synchronize this machine's clock: timedatectl set-ntp true")
)

const (
	// offFrom is how far Clerk's session tokens may be off.
	offFrom = 5 * time.Second
	// wrongFrom is how long they are valid.
	wrongFrom = time.Minute
)

// clocks compares this machine's clock with the dates in the providers' answers.
func clocks(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	heard := 0
	compare := func(provider string, gate *upstream.Gate) {
		skew, known := gate.Skew()
		if !known {
			return
		}
		heard++
		off, direction := skew.Abs(), "behind"
		if skew < 0 {
			direction = "ahead of"
		}
		switch {
		case off > wrongFrom:
			found = append(found, clockWrong.found("this machine is %s %s %s", off.Round(time.Second), direction, provider))
		case off > offFrom:
			found = append(found, clockOff.found("this machine is %s %s %s", off.Round(time.Second), direction, provider))
		}
	}
	if in.Stripe.Client != nil {
		_, _ = in.endpoints(ctx) // a refusal has a date too
		compare("Stripe", in.Stripe.Client.Gate())
	}
	if in.Clerk != nil && in.Clerk.Client != nil {
		in.askClerk(ctx)
		compare("Clerk", in.Clerk.Client.Gate())
	}
	if heard == 0 {
		return []lockstep.Finding{skipped("not checked, because no provider answered")}
	}
	return orFine(found, "agrees with the providers' within %s", offFrom)
}
