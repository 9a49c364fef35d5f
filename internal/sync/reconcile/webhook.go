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
	// webhookDisable is how long an endpoint may fail before it is disabled. As for webhookPatience,
	// every step of webhookBackoff must have failed too: our own downtime does not count.
	webhookDisable = 5 * 24 * time.Hour
	// webhookLanes is how many calls of one endpoint may be in progress: an endpoint that hangs must
	// not take every slot of the runner.
	webhookLanes = 2
)

// webhookBackoff is the pause after each attempt, before jitter. The last one repeats.
var webhookBackoff = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute,
	30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

// WebhookStore is the store as [Webhooks] uses it.
type WebhookStore interface {
	lockstep.Webhooks
	Notice(ctx context.Context, id string) (lockstep.Notice, error)
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Listener is an endpoint and the kinds of message that it wants.
type Listener struct {
	ID     string
	Events []string // kinds; empty, or "*": all
}

// Wants reports whether the endpoint wants messages of a kind.
func (l Listener) Wants(kind lockstep.NoticeKind) bool {
	return len(l.Events) == 0 || slices.Contains(l.Events, "*") || slices.Contains(l.Events, string(kind))
}

// Webhooks sends messages to webhook endpoints, each at least once: the answer to a message that was
// processed may be lost, so a message has an id by which its receiver recognizes a repetition.
//
// A notice is sent as it was recorded. An access message holds the account's access at its newest
// sequence: a retried message is as current as a new one, and an endpoint that was down gets one
// message for each account.
type Webhooks struct {
	store     WebhookStore
	sender    lockstep.WebhookSender
	catalog   lockstep.Catalog
	lanes     map[string]chan struct{} // by endpoint
	listeners []string                 // the endpoints that want changes of access
	log       *slog.Logger
}

// NewWebhooks returns the reconciler of messages to the listeners.
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

// Reconcile delivers what the claim's key names, unless it was delivered.
func (h *Webhooks) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	endpoint, subject, _ := strings.Cut(claim.Key.ID, "/")
	if _, known := h.lanes[endpoint]; !known {
		return Result{}, lockstep.Terminal(fmt.Errorf("there is no webhook endpoint %q any more", endpoint))
	}
	d, err := h.delivery(ctx, endpoint, subject)
	if err != nil {
		return Result{}, err
	}
	m, err := h.compose(ctx, subject, claim.Attempt)
	if errors.Is(err, errCarriedOver) {
		return Result{}, nil
	}
	if err != nil {
		return Result{}, err
	}
	if d.State == lockstep.WebhookDelivered && m.sequence <= d.Sequence {
		return Result{}, nil // this was delivered
	}
	return Result{}, h.deliver(ctx, claim, d, m)
}

// delivery reads how far a delivery is, or returns a new one.
func (h *Webhooks) delivery(ctx context.Context, endpoint, subject string) (lockstep.WebhookDelivery, error) {
	d, err := h.store.WebhookDelivery(ctx, endpoint, subject)
	if errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.WebhookDelivery{Endpoint: endpoint, Subject: subject, State: lockstep.WebhookPending,
			BeganAt: time.Now()}, nil
	}
	return d, err
}

// deliver calls the endpoint, unless it is disabled.
func (h *Webhooks) deliver(ctx context.Context, claim lockstep.Claim, d lockstep.WebhookDelivery, m message) error {
	health, err := h.store.WebhookEndpoint(ctx, d.Endpoint)
	if err != nil {
		return err
	}
	if d.State == lockstep.WebhookDelivered { // the access has a newer sequence
		d.State, d.Attempts, d.BeganAt = lockstep.WebhookPending, 0, time.Now()
	}
	if !health.DisabledAt.IsZero() {
		d.State, d.Reason = lockstep.WebhookHeld, "the endpoint is disabled: "+health.Reason
		return h.store.SaveWebhookDelivery(ctx, claim, d, nil)
	}
	if d.State != lockstep.WebhookPending { // marked again after it was given up or held
		d.State, d.Attempts, d.BeganAt = lockstep.WebhookPending, 0, time.Now()
	}
	release, err := enter(ctx, h.lanes[d.Endpoint], 250*time.Millisecond)
	if err != nil {
		return err
	}
	defer release()
	err = h.sender.SendWebhook(ctx, d.Endpoint, m.WebhookMessage)
	d.Attempts, d.Sequence = d.Attempts+1, m.sequence
	return h.settle(ctx, claim, d, health, err)
}

// settle stores the result of a call.
func (h *Webhooks) settle(ctx context.Context, claim lockstep.Claim, d lockstep.WebhookDelivery,
	health lockstep.WebhookEndpoint, err error) error {
	var failed *lockstep.WebhookError
	switch {
	case err == nil:
		d.State, d.Status, d.Reason = lockstep.WebhookDelivered, 0, ""
		if health.FailingSince.IsZero() {
			return h.store.SaveWebhookDelivery(ctx, claim, d, nil)
		}
		return h.store.SaveWebhookDelivery(ctx, claim, d, &lockstep.WebhookEndpoint{ID: d.Endpoint})
	case ctx.Err() != nil:
		return context.Cause(ctx) // we stopped, the endpoint did not fail
	case !errors.As(err, &failed):
		return err
	}
	return h.fail(ctx, claim, d, health, failed)
}

// fail stores a failed call, and decides what follows: a retry, the end of the message, or that the
// endpoint is disabled.
func (h *Webhooks) fail(ctx context.Context, claim lockstep.Claim, d lockstep.WebhookDelivery,
	health lockstep.WebhookEndpoint, failed *lockstep.WebhookError) error {
	now := time.Now()
	d.Sequence, d.Status, d.Reason = 0, failed.Status, failed.Reason
	health = disableIfDue(health, d, failed, now)
	if !health.DisabledAt.IsZero() {
		h.log.Error("webhook endpoint disabled; enable it with POST /v1/webhooks/"+d.Endpoint+"/enable", "endpoint",
			d.Endpoint, "reason", health.Reason)
		d.State = lockstep.WebhookHeld
		return h.store.SaveWebhookDelivery(ctx, claim, d, &health)
	}
	// The attempts count too, so that our own downtime gives up no message.
	expired := now.Sub(d.BeganAt) >= webhookPatience && d.Attempts >= len(webhookBackoff)
	if expired {
		d.State, d.Reason = lockstep.WebhookUndelivered, "not accepted for three days: "+failed.Reason
	}
	if err := h.store.SaveWebhookDelivery(ctx, claim, d, &health); err != nil {
		return err
	}
	if expired {
		return lockstep.Terminal(errors.New(d.Reason))
	}
	wait := webhookBackoff[min(d.Attempts-1, len(webhookBackoff)-1)]
	return &lockstep.DelayError{Reason: failed.Reason, After: max(wait*3/4+rand.N(wait/2), failed.RetryAfter)}
}

// disableIfDue returns an endpoint's health after a failed call.
func disableIfDue(health lockstep.WebhookEndpoint, d lockstep.WebhookDelivery, failed *lockstep.WebhookError,
	now time.Time) lockstep.WebhookEndpoint {
	if health.FailingSince.IsZero() {
		health.FailingSince = now
	}
	switch {
	case failed.Gone:
		health.DisabledAt, health.Reason = now, "it answered 410: it wants no more messages"
	case now.Sub(health.FailingSince) >= webhookDisable && d.Attempts >= len(webhookBackoff):
		health.DisabledAt, health.Reason = now, "it has accepted nothing for five days: "+failed.Reason
	}
	return health
}
