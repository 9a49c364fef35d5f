package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// webhookPatience is how long a message is retried.
	webhookPatience = 3 * 24 * time.Hour
	// webhookDisable is how long an endpoint may fail before Lockstep disables it. As with
	// webhookPatience, every step of webhookBackoff must have failed too: our own downtime does
	// not count.
	webhookDisable = 5 * 24 * time.Hour
	// webhookLanes is how many requests to one endpoint run at once. One that hangs must not
	// take every slot of the runner.
	webhookLanes = 2
)

// webhookBackoff is how long to wait after each try, before jitter. The last step repeats.
var webhookBackoff = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute,
	30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

// WebhookStore is the part of the store that sending webhooks needs.
type WebhookStore interface {
	lockstep.Webhooks
	Notice(ctx context.Context, id string) (lockstep.Notice, error)
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Listener is an endpoint and the events it wants.
type Listener struct {
	ID     string
	Events []string // kinds; empty, or "*": all
}

// Wants reports whether the endpoint wants events of a kind.
func (l Listener) Wants(kind lockstep.NoticeKind) bool {
	return len(l.Events) == 0 || slices.Contains(l.Events, "*") || slices.Contains(l.Events, string(kind))
}

// Webhooks sends messages to endpoints, each at least once. A response may be lost after the
// receiver acted on the message, so each message has an id to dedupe by.
//
// A notice is sent as it was recorded. An access message carries the account's newest access: a
// retry is as current as a new message, and an endpoint that was down gets one message for each
// account.
type Webhooks struct {
	store   WebhookStore
	sender  lockstep.WebhookSender
	catalog lockstep.Catalog
	lanes   map[string]chan struct{}
	// listeners are the endpoints that want changes of access.
	listeners []string
	log       *slog.Logger
}

// NewWebhooks returns the reconciler that sends messages to the listeners.
func NewWebhooks(store WebhookStore, sender lockstep.WebhookSender, catalog lockstep.Catalog, listeners []Listener,
	log *slog.Logger) *Webhooks {
	h := &Webhooks{store: store, sender: sender, catalog: catalog, lanes: map[string]chan struct{}{}, log: log}
	for _, l := range listeners {
		h.lanes[l.ID] = make(chan struct{}, webhookLanes)
		if l.Wants(lockstep.AccessChanged) {
			h.listeners = append(h.listeners, l.ID)
		}
	}
	return h
}

// Reconcile delivers the message of the claim's key unless it was delivered.
func (h *Webhooks) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	endpoint, subject, _ := strings.Cut(claim.Key.ID, "/")
	if _, known := h.lanes[endpoint]; !known {
		return Result{}, lockstep.Terminal(fmt.Errorf("webhook endpoint %q is no longer configured", endpoint))
	}
	d, err := h.delivery(ctx, endpoint, subject)
	if err != nil {
		return Result{}, err
	}
	message, sequence, err := h.compose(ctx, subject, claim.Attempt)
	if errors.Is(err, errCarriedOver) {
		return Result{}, nil
	}
	if err != nil {
		return Result{}, err
	}
	if d.State == lockstep.WebhookDelivered {
		if sequence <= d.Sequence {
			return Result{}, nil // its key was marked again after the delivery
		}
		d = startOver(d)
	}
	return Result{}, h.deliver(ctx, claim, d, outgoing{message, sequence})
}

// outgoing is a message and its sequence; 0 for a notice.
type outgoing struct {
	lockstep.WebhookMessage
	sequence int64
}

// delivery returns the stored delivery, or a new one.
func (h *Webhooks) delivery(ctx context.Context, endpoint, subject string) (lockstep.WebhookDelivery, error) {
	d, err := h.store.WebhookDelivery(ctx, endpoint, subject)
	if errors.Is(err, lockstep.ErrNotFound) {
		return startOver(lockstep.WebhookDelivery{Endpoint: endpoint, Subject: subject}), nil
	}
	return d, err
}

// startOver gives a delivery its three days of retries again.
func startOver(d lockstep.WebhookDelivery) lockstep.WebhookDelivery {
	d.State, d.Attempts, d.BeganAt = lockstep.WebhookPending, 0, time.Now()
	return d
}

// deliver sends a message, or holds it while the endpoint is disabled.
func (h *Webhooks) deliver(ctx context.Context, claim lockstep.Claim, d lockstep.WebhookDelivery, m outgoing) error {
	health, err := h.store.WebhookEndpoint(ctx, d.Endpoint)
	if err != nil {
		return err
	}
	if !health.DisabledAt.IsZero() {
		d.State, d.Reason = lockstep.WebhookHeld, "the endpoint is disabled: "+health.Reason
		return h.store.SaveWebhookDelivery(ctx, claim, d, nil)
	}
	if d.State != lockstep.WebhookPending { // an operator asked for it, or the endpoint was enabled
		d = startOver(d)
	}
	release, err := enter(ctx, h.lanes[d.Endpoint], 250*time.Millisecond)
	if err != nil {
		return err
	}
	defer release()
	err = h.sender.SendWebhook(ctx, d.Endpoint, m.WebhookMessage)
	d.Attempts, d.Sequence = d.Attempts+1, m.sequence
	var failed *lockstep.WebhookError
	switch {
	case err == nil:
		return h.delivered(ctx, claim, d, health)
	case ctx.Err() != nil:
		return context.Cause(ctx) // we stopped; the endpoint did not fail
	case !errors.As(err, &failed):
		return err
	}
	return h.failed(ctx, claim, d, health, failed)
}

// delivered stores that the endpoint accepted a message, and so works.
func (h *Webhooks) delivered(ctx context.Context, claim lockstep.Claim, d lockstep.WebhookDelivery,
	health lockstep.WebhookEndpoint) error {
	d.State, d.Status, d.Reason = lockstep.WebhookDelivered, 0, ""
	if health.FailingSince.IsZero() {
		return h.store.SaveWebhookDelivery(ctx, claim, d, nil)
	}
	return h.store.SaveWebhookDelivery(ctx, claim, d, &lockstep.WebhookEndpoint{ID: d.Endpoint})
}

// failed stores that the endpoint did not accept a message: it is retried, held with a disabled
// endpoint, or given up.
func (h *Webhooks) failed(ctx context.Context, claim lockstep.Claim, d lockstep.WebhookDelivery,
	health lockstep.WebhookEndpoint, why *lockstep.WebhookError) error {
	now := time.Now()
	d.Sequence, d.Status, d.Reason = 0, why.Status, why.Reason
	health = afterFailure(health, d, why, now)
	triedAll := d.Attempts >= len(webhookBackoff) // else the time passed because we were down
	switch {
	case !health.DisabledAt.IsZero():
		h.log.ErrorContext(ctx, "webhook endpoint disabled", "endpoint", d.Endpoint, "reason", health.Reason,
			"to_enable", "POST /v1/webhooks/"+d.Endpoint+"/enable")
		d.State = lockstep.WebhookHeld
		return h.store.SaveWebhookDelivery(ctx, claim, d, &health)
	case now.Sub(d.BeganAt) >= webhookPatience && triedAll:
		d.State, d.Reason = lockstep.WebhookUndelivered, "every try in three days failed: "+why.Reason
		if err := h.store.SaveWebhookDelivery(ctx, claim, d, &health); err != nil {
			return err
		}
		return lockstep.Terminal(errors.New(d.Reason))
	}
	if err := h.store.SaveWebhookDelivery(ctx, claim, d, &health); err != nil {
		return err
	}
	wait := webhookBackoff[min(d.Attempts-1, len(webhookBackoff)-1)]
	return &lockstep.DelayError{Reason: why.Reason, After: max(wait*3/4+rand.N(wait/2), why.RetryAfter)}
}

// afterFailure returns the health of an endpoint after a failed delivery: it is disabled when it
// asks for that, or has failed for too long.
func afterFailure(health lockstep.WebhookEndpoint, d lockstep.WebhookDelivery, why *lockstep.WebhookError,
	now time.Time) lockstep.WebhookEndpoint {
	if health.FailingSince.IsZero() {
		health.FailingSince = now
	}
	switch {
	case why.Gone:
		health.DisabledAt, health.Reason = now, "it answered 410"
	case now.Sub(health.FailingSince) >= webhookDisable && d.Attempts >= len(webhookBackoff):
		health.DisabledAt, health.Reason = now, "every delivery failed for five days: "+why.Reason
	}
	return health
}
