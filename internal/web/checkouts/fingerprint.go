package checkouts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// imprint is what a session remembers of the order that began it.
type imprint struct {
	order string // the same for the same order
	key   string // the caller's idempotency key; empty: none was given
}

func fingerprint(o Order, price lockstep.Price, customerID string) (imprint, error) {
	order, err := digest(price.ID, customerID, o.Quantity, o.SuccessURL, o.CancelURL, o.PaidBy, o.TrialDays, o.Again)
	if err != nil || o.IdempotencyKey == "" {
		return imprint{order: order}, err
	}
	key, err := digest(o.IdempotencyKey)
	return imprint{order, key}, err
}

func digest(parts ...any) (string, error) {
	text, err := json.Marshal(parts)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12]), nil
}

// String is how a session's metadata has it.
func (p imprint) String() string { return strings.TrimSuffix(p.order+"."+p.key, ".") }

func imprintOf(s lockstep.Checkout) imprint {
	order, key, _ := strings.Cut(s.Metadata[lockstep.CheckoutMetadata], ".")
	return imprint{order, key}
}

// repeats refuses an idempotency key that was used up by one of the sessions.
func (p imprint) repeats(sessions []lockstep.Checkout) error {
	if p.key == "" {
		return nil
	}
	for _, s := range sessions {
		began := imprintOf(s)
		switch {
		case began.key != p.key:
		case began.order != p.order:
			return &RefusedError{Invalid, "this Idempotency-Key began another checkout (" + s.ID + ")"}
		case s.Status == "complete":
			return &RefusedError{string(lockstep.AlreadyBought),
				"the checkout that this Idempotency-Key began was completed (" + s.ID + ")"}
		}
	}
	return nil
}
