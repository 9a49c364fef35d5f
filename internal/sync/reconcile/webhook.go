package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	lane, known := h.lanes[endpoint]
	if !known {
		return Result{}, lockstep.Terminal(fmt.Errorf("webhook endpoint %q is no longer configured", endpoint))
	}
	d, err := h.store.WebhookDelivery(ctx, endpoint, subject)
	if errors.Is(err, lockstep.ErrNotFound) {
		d, err = lockstep.WebhookDelivery{Endpoint: endpoint, Subject: subject, State: lockstep.WebhookPending,
			BeganAt: time.Now()}, nil
	}
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
		d.State, d.Attempts, d.BeganAt = lockstep.WebhookPending, 0, time.Now()
	}
	health, err := h.store.WebhookEndpoint(ctx, endpoint)
	if err != nil {
		return Result{}, err
	}
	if !health.DisabledAt.IsZero() {
		d.State, d.Reason = lockstep.WebhookHeld, "the endpoint is disabled: "+health.Reason
		return Result{}, h.store.SaveWebhookDelivery(ctx, claim, d, nil)
	}
	if d.State != lockstep.WebhookPending { // an operator asked for it, or the endpoint was enabled
		d.State, d.Attempts, d.BeganAt = lockstep.WebhookPending, 0, time.Now()
	}
	release, err := enter(ctx, lane, 250*time.Millisecond)
	if err != nil {
		return Result{}, err
	}
	defer release()
	err = h.sender.SendWebhook(ctx, endpoint, message)
	d.Attempts, d.Sequence = d.Attempts+1, sequence
	return Result{}, h.settle(ctx, claim, d, health, err)
}

// settle stores the outcome of a request.
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
		return context.Cause(ctx) // we stopped; the endpoint did not fail
	case !errors.As(err, &failed):
		return err
	}
	now := time.Now()
	d.Sequence, d.Status, d.Reason = 0, failed.Status, failed.Reason
	if health.FailingSince.IsZero() {
		health.FailingSince = now
	}
	switch {
	case failed.Gone:
		health.DisabledAt, health.Reason = now, "it answered 410"
	case now.Sub(health.FailingSince) >= webhookDisable && d.Attempts >= len(webhookBackoff): // not because we were down
		health.DisabledAt, health.Reason = now, "every delivery failed for five days: "+failed.Reason
	}
	switch {
	case !health.DisabledAt.IsZero():
		h.log.Error("webhook endpoint disabled", "endpoint", d.Endpoint, "reason", health.Reason,
			"to_enable", "POST /v1/webhooks/"+d.Endpoint+"/enable")
		d.State = lockstep.WebhookHeld
		return h.store.SaveWebhookDelivery(ctx, claim, d, &health)
	case now.Sub(d.BeganAt) >= webhookPatience && d.Attempts >= len(webhookBackoff): // not because we were down
		d.State, d.Reason = lockstep.WebhookUndelivered, "every try in three days failed: "+failed.Reason
		if err := h.store.SaveWebhookDelivery(ctx, claim, d, &health); err != nil {
			return err
		}
		return lockstep.Terminal(errors.New(d.Reason))
	}
	if err := h.store.SaveWebhookDelivery(ctx, claim, d, &health); err != nil {
		return err
	}
	wait := webhookBackoff[min(d.Attempts-1, len(webhookBackoff)-1)]
	return &lockstep.DelayError{Reason: failed.Reason, After: max(wait*3/4+rand.N(wait/2), failed.RetryAfter)}
}

// envelope is a message as it is sent.
type envelope struct {
	Type      lockstep.NoticeKind `json:"type"`
	Timestamp time.Time           `json:"timestamp"`
	Data      any                 `json:"data"`
}

// noticeData is the data of a message about a notice.
type noticeData struct {
	Account string `json:"account"`
	Object  string `json:"object"` // see [lockstep.Notice]
	lockstep.Facts
}

// accessData is the data of a message about an account's access.
type accessData struct {
	Account  string          `json:"account"`
	Sequence int64           `json:"sequence"` // receivers keep the highest
	Access   lockstep.Access `json:"access"`
	Metadata map[string]any  `json:"metadata"` // as an identity provider's would hold it
}

// compose returns the message of a subject and its sequence; 0 for a notice.
func (h *Webhooks) compose(ctx context.Context, subject string,
	attempt int) (m lockstep.WebhookMessage, sequence int64, err error) {
	var e envelope
	if account, isAccess := lockstep.AccountOfSubject(subject); isAccess {
		if e, sequence, err = h.access(ctx, account, attempt); err != nil {
			return m, 0, err
		}
		subject = fmt.Sprintf("%s:%d", subject, sequence)
	} else if e, err = h.notice(ctx, subject); err != nil {
		return m, 0, err
	}
	e.Timestamp = e.Timestamp.UTC()
	if m.Body, err = json.Marshal(e); err != nil {
		return m, 0, fmt.Errorf("encode message: %w", err)
	}
	sum := sha256.Sum256([]byte(subject)) // an id must not contain a full stop: the signature separates by it
	m.ID = "msg_" + hex.EncodeToString(sum[:16])
	return m, sequence, nil
}

func (h *Webhooks) notice(ctx context.Context, id string) (envelope, error) {
	n, err := h.store.Notice(ctx, id)
	if errors.Is(err, lockstep.ErrNotFound) {
		return envelope{}, lockstep.Terminal(fmt.Errorf("notice %s not found", id))
	}
	return envelope{n.Kind, n.CreatedAt, noticeData{n.Account.String(), n.Object, n.Facts}}, err
}

// errCarriedOver: the account got a new id when the app moved to another Clerk instance. The
// app gets its access under the new id.
var errCarriedOver = errors.New("the account has a new id")

func (h *Webhooks) access(ctx context.Context, account lockstep.Account, attempt int) (envelope, int64, error) {
	told, err := h.store.AccessNotification(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return envelope{}, 0, lockstep.Terminal(fmt.Errorf("no change of access was recorded for %s", account))
	}
	if err != nil {
		return envelope{}, 0, err
	}
	record, err := h.store.Account(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return envelope{}, 0, errCarriedOver
	}
	if err != nil {
		return envelope{}, 0, err
	}
	access := h.catalog.Access(record, time.Now())
	switch digest, err := digestAccess(access, h.listeners); {
	case err != nil:
		return envelope{}, 0, err
	case digest != told.Digest:
		return envelope{}, 0, h.outdated(ctx, account, attempt)
	}
	return envelope{lockstep.AccessChanged, told.At, accessData{account.String(), told.Sequence, access,
		record.Projected}}, told.Sequence, nil
}

// outdated delays a message whose account's access has changed since it got its sequence. Each
// sequence stands for one access: otherwise two messages of one sequence could differ, and an
// access that changed back would never be sent. The account's run assigns the next sequence.
func (h *Webhooks) outdated(ctx context.Context, account lockstep.Account, attempt int) error {
	if err := h.store.Mark(ctx, lockstep.Mark{Key: account.Key(), Priority: lockstep.Normal}); err != nil {
		return err
	}
	return &lockstep.DelayError{Reason: "the access has changed since; waits for the account's run",
		After: backoff(attempt)}
}
