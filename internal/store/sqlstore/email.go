package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// emailsTo holds the statements for each recipient's table.
var emailsTo = map[lockstep.Recipient]struct{ read, write Statement }{
	lockstep.ToAccount: {selectEmailDelivery, upsertEmailDelivery},
	lockstep.ToBuyer:   {selectBuyerEmailDelivery, upsertBuyerEmailDelivery},
}

const (
	selectEmailDelivery Statement = `
select notice_id, state, reason, attempts, requested, began_at, at from mails where notice_id = $1`

	upsertEmailDelivery Statement = `
insert into mails (notice_id, state, reason, attempts, requested, began_at, at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (notice_id) do update set
	state = excluded.state, reason = excluded.reason, attempts = excluded.attempts,
	requested = excluded.requested, began_at = excluded.began_at, at = excluded.at`

	selectBuyerEmailDelivery Statement = `
select notice_id, state, reason, attempts, requested, began_at, at from buyer_mails where notice_id = $1`

	upsertBuyerEmailDelivery Statement = `
insert into buyer_mails (notice_id, state, reason, attempts, requested, began_at, at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (notice_id) do update set
	state = excluded.state, reason = excluded.reason, attempts = excluded.attempts,
	requested = excluded.requested, began_at = excluded.began_at, at = excluded.at`
)

// EmailDelivery implements [lockstep.EmailDeliveries].
func (s *Store) EmailDelivery(ctx context.Context, noticeID string,
	to lockstep.Recipient) (lockstep.EmailDelivery, error) {
	m, err := one(ctx, s, scanEmailDelivery, emailsTo[to].read, noticeID)
	if err != nil {
		return lockstep.EmailDelivery{}, fmt.Errorf("read e-mail of notice %s: %w", noticeID, err)
	}
	m.To = to
	return m, nil
}

// SaveEmailDelivery implements [lockstep.EmailDeliveries].
func (s *Store) SaveEmailDelivery(ctx context.Context, claim lockstep.Claim, m lockstep.EmailDelivery) error {
	err := s.fenced(ctx, claim, func(t *tx) error {
		t.saveEmailDelivery(m)
		return nil
	})
	if err != nil {
		return fmt.Errorf("save e-mail of notice %s as %s: %w", m.NoticeID, m.State, err)
	}
	return nil
}

// ResendEmail implements [lockstep.EmailDeliveries].
func (s *Store) ResendEmail(ctx context.Context, noticeID string, to lockstep.Recipient) error {
	err := s.write(ctx, func(t *tx) error {
		n, err := collectOne(ctx, t, scanNotice, selectNotice, noticeID)
		if err != nil {
			return err
		}
		m, err := t.emailDelivery(ctx, noticeID, to)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return err
		}
		if m.State == lockstep.EmailSending {
			return lockstep.ErrBusy
		}
		m.NoticeID, m.State, m.Reason, m.Requested, m.BeganAt = n.ID, lockstep.EmailPending, "", true, moment(t.now())
		t.saveEmailDelivery(m)
		t.mark(lockstep.Mark{Key: n.EmailKeyTo(to), Priority: lockstep.Interactive})
		return nil
	})
	if err != nil {
		return fmt.Errorf("request e-mail of notice %s: %w", noticeID, err)
	}
	return nil
}

func (t *tx) emailDelivery(ctx context.Context, noticeID string,
	to lockstep.Recipient) (lockstep.EmailDelivery, error) {
	m, err := collectOne(ctx, t, scanEmailDelivery, emailsTo[to].read, noticeID)
	m.To = to
	return m, err
}

func scanEmailDelivery(row sqlrun.Scanner) (m lockstep.EmailDelivery, err error) {
	var beganAt, at int64
	err = row.Scan(&m.NoticeID, &m.State, &m.Reason, &m.Attempts, &m.Requested, &beganAt, &at)
	m.BeganAt, m.UpdatedAt = moment(beganAt), moment(at)
	return m, err
}

func (t *tx) saveEmailDelivery(m lockstep.EmailDelivery) {
	t.queue(emailsTo[m.To].write, m.NoticeID, m.State, m.Reason, m.Attempts, bit(m.Requested),
		millis(m.BeganAt), t.now())
}
