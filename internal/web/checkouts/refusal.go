package checkouts

import (
	"cmp"
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// RefusedError says why an order is refused, and what to do. It is safe to show.
type RefusedError struct {
	Code string // one of [Codes]
	Text string
}

func (r *RefusedError) Error() string { return r.Text }

// The codes of refusals, beside those of [lockstep.ObstacleKind].
const (
	Unlisted       = "price-not-listed"
	NoPrice        = "no-such-price"
	Invalid        = "invalid"
	UnknownAccount = "unknown-account"
	DeletedAccount = "account-deleted"
	NoCustomer     = "no-customer"
	TrialUsed      = "trial-used"
	Busy           = "busy"
)

// Codes lists every code.
var Codes = []string{Unlisted, NoPrice, Invalid, UnknownAccount, DeletedAccount, NoCustomer, TrialUsed, Busy,
	string(lockstep.AlreadySubscribed), string(lockstep.OtherSubscription), string(lockstep.AlreadyBought),
	string(lockstep.PaymentUnderWay)}

// refuse returns what to do instead of buying.
func (s *Service) refuse(ctx context.Context, obstacle lockstep.Obstacle) error {
	if text := instead(obstacle); text != "" {
		return &RefusedError{string(obstacle.Kind), text}
	}
	return s.refusePending(ctx, obstacle)
}

// instead says what to do about something that the account already has; empty for a payment in
// progress.
func instead(obstacle lockstep.Obstacle) string {
	plan := cmp.Or(obstacle.Plan, "this plan")
	switch {
	case obstacle.Kind == lockstep.AlreadySubscribed && obstacle.Claimed:
		return fmt.Sprintf("someone already pays for %s for this account, through a payment link (%s); to sell it anyway, a server can set again: true",
			plan, obstacle.ID)
	case obstacle.Kind == lockstep.AlreadySubscribed:
		return fmt.Sprintf("the account is already subscribed to %s (%s); to change or pay it, open the portal (POST /v1/portal)",
			plan, obstacle.ID)
	case obstacle.Kind == lockstep.OtherSubscription:
		return fmt.Sprintf("the account already has a subscription (%s, %s), and would pay for both; to change the plan, open the portal (POST /v1/portal with flow update)",
			plan, obstacle.ID)
	case obstacle.Kind == lockstep.AlreadyBought:
		return fmt.Sprintf("the account already bought %s (%s); to sell it anyway, a server can set again: true",
			plan, obstacle.ID)
	}
	return ""
}

// refusePending refuses because of a payment in progress, and has the workers sync it at once: our
// record does not show it yet.
func (s *Service) refusePending(ctx context.Context, obstacle lockstep.Obstacle) error {
	mark := lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: obstacle.ID}, Priority: lockstep.Interactive}
	if err := s.Store.Mark(ctx, mark); err != nil {
		return err
	}
	s.Wake()
	return &RefusedError{string(obstacle.Kind), "a payment of this account (" + obstacle.ID +
		") is being confirmed; wait until it is"}
}
