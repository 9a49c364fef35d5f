package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// tell has the listening endpoints told of the account's access, if it is another
// than they were last told. It is the last of the effects: what endpoints hear is in
// the database and in the directory's metadata. A run that dies before it tells when
// it is run again.
//
// The listeners are part of what is compared: a new one hears of every account when
// that is next looked at, at the latest by the full verify.
func (r *run) tell(ctx context.Context, at time.Time) error {
	if len(r.Listeners) == 0 {
		return nil
	}
	digest, err := digestAccess(r.Catalog.Access(r.now, at), r.Listeners)
	if err != nil {
		return err
	}
	told, err := r.Store.AccessNotification(ctx, r.account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return err
	}
	if told.Digest == digest {
		return nil
	}
	var keys []lockstep.Key
	for _, endpoint := range r.Listeners {
		keys = append(keys, lockstep.WebhookDelivery{Endpoint: endpoint, Subject: lockstep.AccessSubject(r.account)}.Key())
	}
	return r.Store.NotifyAccess(ctx, r.claim, r.account, digest, keys)
}

// digestAccess identifies an access and who hears of it.
func digestAccess(access lockstep.Access, listeners []string) (string, error) {
	text, err := json.Marshal([]any{access, listeners})
	if err != nil {
		return "", fmt.Errorf("encode access: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}
