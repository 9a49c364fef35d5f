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
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// message is what is sent, and the sequence of an access message.
type message struct {
	lockstep.WebhookMessage
	sequence int64
}

// envelope is a message as it is sent.
type envelope struct {
	Type      lockstep.NoticeKind `json:"type"`
	Timestamp time.Time           `json:"timestamp"`
	Data      any                 `json:"data"`
}

// noticeData is a message's data about a notice.
type noticeData struct {
	Account string `json:"account"`
	Object  string `json:"object"` // the subscription or license
	lockstep.Facts
}

// accessData is a message's data about an account's access.
type accessData struct {
	Account  string          `json:"account"`
	Sequence int64           `json:"sequence"` // receivers keep the message with the highest
	Access   lockstep.Access `json:"access"`
	Metadata map[string]any  `json:"metadata"` // as an identity provider's would hold it
}

// compose writes the message about a subject.
func (h *Webhooks) compose(ctx context.Context, subject string, attempt int) (m message, err error) {
	var e envelope
	if account, isAccess := lockstep.AccountOfSubject(subject); isAccess {
		if e, m.sequence, err = h.access(ctx, account, attempt); err != nil {
			return m, err
		}
		subject = fmt.Sprintf("%s:%d", subject, m.sequence)
	} else if e, err = h.notice(ctx, subject); err != nil {
		return m, err
	}
	e.Timestamp = e.Timestamp.UTC()
	if m.Body, err = json.Marshal(e); err != nil {
		return m, fmt.Errorf("encode message: %w", err)
	}
	sum := sha256.Sum256([]byte(subject)) // an id must not contain the full stop that separates a signature's parts
	m.ID = "msg_" + hex.EncodeToString(sum[:16])
	return m, nil
}

func (h *Webhooks) notice(ctx context.Context, id string) (envelope, error) {
	n, err := h.store.Notice(ctx, id)
	if errors.Is(err, lockstep.ErrNotFound) {
		return envelope{}, lockstep.Terminal(fmt.Errorf("notice %s not found", id))
	}
	return envelope{n.Kind, n.CreatedAt, noticeData{n.Account.String(), n.Object, n.Facts}}, err
}

// errCarriedOver says that a message is about an account that another one has taken over since, after
// a move to another Clerk instance. The app hears of its access under the new id.
var errCarriedOver = errors.New("another account took over the account")

func (h *Webhooks) access(ctx context.Context, account lockstep.Account, attempt int) (envelope, int64, error) {
	queued, err := h.store.AccessNotification(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return envelope{}, 0, lockstep.Terminal(fmt.Errorf("no access message was queued for %s", account))
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
	case digest != queued.Digest:
		return envelope{}, 0, h.outdated(ctx, account, attempt)
	}
	return envelope{lockstep.AccessChanged, queued.At, accessData{account.String(), queued.Sequence, access,
		record.Projected}}, queued.Sequence, nil
}

// outdated delays a message because the account's access has changed since it got its sequence. A
// sequence stands for one access: otherwise two messages with one sequence could differ, and an
// access that changed back to the last message's would never be sent. The account's run gives the
// access the next sequence.
func (h *Webhooks) outdated(ctx context.Context, account lockstep.Account, attempt int) error {
	if err := h.store.Mark(ctx, lockstep.Mark{Key: account.Key(), Priority: lockstep.Normal}); err != nil {
		return err
	}
	return &lockstep.DelayError{Reason: "the access has changed; the account's run queues it again first",
		After: runner.Backoff(attempt)}
}
