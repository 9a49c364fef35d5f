package checkouts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// imprint identifies the order that started a session. The session keeps it in its metadata.
type imprint struct {
	order string // digest of the order
	key   string // digest of the caller's idempotency key; empty if none was given
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

// String is the form in a session's metadata.
func (p imprint) String() string { return strings.TrimSuffix(p.order+"."+p.key, ".") }

func imprintOf(s lockstep.Checkout) imprint {
	order, key, _ := strings.Cut(s.Metadata[lockstep.CheckoutMetadata], ".")
	return imprint{order, key}
}

// repeats refuses an idempotency key that another order used, or whose checkout is complete.
func (p imprint) repeats(sessions []lockstep.Checkout) error {
	if p.key == "" {
		return nil
	}
	for _, s := range sessions {
		from := imprintOf(s)
		switch {
		case from.key != p.key:
		case from.order != p.order:
			return &RefusedError{Invalid, "Idempotency-Key: it was used for another checkout (" + s.ID + "); use a new key"}
		case s.Status == "complete":
			return &RefusedError{string(lockstep.AlreadyBought),
				"Idempotency-Key: its checkout is already complete (" + s.ID + ")"}
		}
	}
	return nil
}
