package checkouts

import "github.com/lockstep-dev/lockstep"

// RefusedError says why an order is not served, and what to do. It is safe to show.
type RefusedError struct {
	Code string // one of the constants, or a [lockstep.ObstacleKind]
	Text string
}

func (r *RefusedError) Error() string { return r.Text }

// Codes of refusals beside those of [lockstep.ObstacleKind].
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

// Codes are all there are.
var Codes = []string{Unlisted, NoPrice, Invalid, UnknownAccount, DeletedAccount, NoCustomer, TrialUsed, Busy,
	string(lockstep.AlreadySubscribed), string(lockstep.OtherSubscription), string(lockstep.AlreadyBought),
	string(lockstep.PaymentUnderWay)}
