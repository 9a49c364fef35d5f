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
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

const (
	// webhookPatience is for how long a message is tried.
	webhookPatience = 3 * 24 * time.Hour
	// webhookDisable is how long an endpoint may fail before it is disabled. As with webhookPatience,
	// every step of webhookBackoff must have failed too: our own downtime does not count.
	webhookDisable = 5 * 24 * time.Hour
	// webhookLanes is how many calls of one endpoint are under way at once: one that hangs
	// must not take every slot of the runner.
	webhookLanes = 2
)

// webhookBackoff is how long to wait after each try, before jitter; after the last one,
// always so long again.
var webhookBackoff = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute,
	30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

// WebhookStore is what telling endpoints needs of the store.
type WebhookStore interface {
	lockstep.Webhooks
	Notice(ctx context.Context, id string) (lockstep.Notice, error)
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Listener is an endpoint and what it wants to hear.
type Listener struct {
	ID     string
	Events []string // kinds; empty, or "*": all
}

// Wants reports whether the endpoint wants to hear of a kind.
func (l Listener) Wants(kind lockstep.NoticeKind) bool {
	return len(l.Events) == 0 || slices.Contains(l.Events, "*") || slices.Contains(l.Events, string(kind))
}

// Webhooks tells webhook endpoints, each message at least once: an answer may be lost
// after it was acted on, so a message has an id by which its receiver knows it again.
//
// A notice is sent as it was recorded. An access message holds the account's access at its
// newest sequence: a retried message is as current as a new one, and an endpoint that was
// down gets one message for each account.
type Webhooks struct {
	store   WebhookStore
	sender  lockstep.WebhookSender
	catalog lockstep.Catalog
	lanes   map[string]chan struct{}
	// listeners are the endpoints that hear of changes of access.
	listeners []string
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

// Reconcile delivers what the claim's key names, if that is still to be done.
func (h *Webhooks) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	endpoint, subject, _ := strings.Cut(claim.Key.ID, "/")
	lane, known := h.lanes[endpoint]
	if !known {
		return Result{}, lockstep.Terminal(fmt.Errorf("there is no webhook endpoint %q any more", endpoint))
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
			return Result{}, nil // a second mark of what was delivered
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
	if d.State != lockstep.WebhookPending { // marked anew after it was given up or held
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

// settle writes what became of a call.
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
		return context.Cause(ctx) // we ended, not the endpoint
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
		health.DisabledAt, health.Reason = now, "it answered 410: it wants no more"
	case now.Sub(health.FailingSince) >= webhookDisable && d.Attempts >= len(webhookBackoff): // not because we were down
		health.DisabledAt, health.Reason = now, "it has taken nothing for five days: "+failed.Reason
	}
	switch {
	case !health.DisabledAt.IsZero():
		h.log.Error("webhook endpoint is disabled; enable it with POST /v1/webhooks/"+d.Endpoint+"/enable", "endpoint",
			d.Endpoint, "reason", health.Reason)
		d.State = lockstep.WebhookHeld
		return h.store.SaveWebhookDelivery(ctx, claim, d, &health)
	case now.Sub(d.BeganAt) >= webhookPatience && d.Attempts >= len(webhookBackoff): // not because we were down
		d.State, d.Reason = lockstep.WebhookUndelivered, "not taken for three days: "+failed.Reason
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

// noticeData is what a message says of a notice.
type noticeData struct {
	Account string `json:"account"`
	Object  string `json:"object"` // the subscription or license
	lockstep.Facts
}

// accessData is what a message says of an account's access.
type accessData struct {
	Account  string          `json:"account"`
	Sequence int64           `json:"sequence"` // keep what has the highest
	Access   lockstep.Access `json:"access"`
	Metadata map[string]any  `json:"metadata"` // as an identity provider's would hold it
}

// compose writes the message of a subject, and says of which sequence it is.
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
	sum := sha256.Sum256([]byte(subject)) // an id must hold no full stop, which the signature parts by
	m.ID = "msg_" + hex.EncodeToString(sum[:16])
	return m, sequence, nil
}

func (h *Webhooks) notice(ctx context.Context, id string) (envelope, error) {
	n, err := h.store.Notice(ctx, id)
	if errors.Is(err, lockstep.ErrNotFound) {
		return envelope{}, lockstep.Terminal(fmt.Errorf("there is no notice %s", id))
	}
	return envelope{n.Kind, n.CreatedAt, noticeData{n.Account.String(), n.Object, n.Facts}}, err
}

// errCarriedOver says that a message is about an account that a move to another Clerk
// instance has since carried over: the app hears of its access under the new id.
var errCarriedOver = errors.New("the account was carried over to another one")

func (h *Webhooks) access(ctx context.Context, account lockstep.Account, attempt int) (envelope, int64, error) {
	told, err := h.store.AccessNotification(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return envelope{}, 0, lockstep.Terminal(fmt.Errorf("nothing was ever to be told of %s", account))
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

// outdated puts a message off because the account's access has changed since its sequence was
// given out. A sequence stands for one access: otherwise two messages of one sequence could
// differ, and an access that came back to what was told last would never be sent. The
// account's run gives the access the next sequence.
func (h *Webhooks) outdated(ctx context.Context, account lockstep.Account, attempt int) error {
	if err := h.store.Mark(ctx, lockstep.Mark{Key: account.Key(), Priority: lockstep.Normal}); err != nil {
		return err
	}
	return &lockstep.DelayError{Reason: "the access has changed; the account's run tells it first",
		After: runner.Backoff(attempt)}
}
