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
	last, err := h.store.AccessNotification(ctx, account)
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
	case digest != last.Digest:
		return envelope{}, 0, h.outdated(ctx, account, attempt)
	}
	return envelope{lockstep.AccessChanged, last.At, accessData{account.String(), last.Sequence, access,
		record.Projected}}, last.Sequence, nil
}

// outdated delays a message whose account's access has changed since it got its sequence. Each
// sequence stands for one access: otherwise two messages of one sequence could differ, and an
// access that changed back would never be sent. The account's run assigns the next sequence.
func (h *Webhooks) outdated(ctx context.Context, account lockstep.Account, attempt int) error {
	if err := h.store.Mark(ctx, lockstep.Mark{Key: account.Key(), Priority: lockstep.Normal}); err != nil {
		return err
	}
	return &lockstep.DelayError{Reason: "the access has changed since; waits for the account's run",
		After: runner.Backoff(attempt)}
}
