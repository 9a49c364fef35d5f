package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// notifierStore is the store as [notifier] uses it.
type notifierStore interface {
	NotifyAccess(ctx context.Context, claim lockstep.Claim, account lockstep.Account, digest string,
		keys []lockstep.Key) error
}

// notifier queues a webhook for each listening endpoint when an account's access has changed.
type notifier struct {
	store     notifierStore
	catalog   lockstep.Catalog
	listeners []string
}

func (as *Accounts) notifier() notifier { return notifier{as.Store, as.Catalog, as.Listeners} }

// notify compares the access with the one that was last queued, as the run's record names it. It is
// the last effect of a run: the endpoints hear only what the database and the directory already say.
// If a run dies before it, the next one queues the webhook.
//
// The listeners are part of the comparison, so a new endpoint hears of each account at its next
// run; the full verify runs all of them. It returns the number of webhooks.
func (n notifier) notify(ctx context.Context, claim lockstep.Claim, record lockstep.Record, at time.Time) (queued int,
	err error) {
	if len(n.listeners) == 0 {
		return 0, nil
	}
	digest, err := digestAccess(n.catalog.Access(record, at), n.listeners)
	if err != nil || record.Notified == digest {
		return 0, err
	}
	subject := lockstep.AccessSubject(record.Account)
	var keys []lockstep.Key
	for _, endpoint := range n.listeners {
		keys = append(keys, lockstep.WebhookDelivery{Endpoint: endpoint, Subject: subject}.Key())
	}
	return len(keys), n.store.NotifyAccess(ctx, claim, record.Account, digest, keys)
}

// queued notes the webhooks that a notifier queued, and returns its error.
func (d *draft) queued(webhooks int, err error) error {
	if err == nil {
		d.facts.Write(database, lockstep.EffectWebhook, webhooks)
	}
	return err
}

// digestAccess identifies an access and the endpoints that hear of it.
func digestAccess(access lockstep.Access, listeners []string) (string, error) {
	text, err := json.Marshal([]any{access, listeners})
	if err != nil {
		return "", fmt.Errorf("encode access: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}
