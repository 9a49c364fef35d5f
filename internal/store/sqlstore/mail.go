package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// mailsTo are the statements on the table of a recipient.
var mailsTo = map[lockstep.Recipient]struct{ read, write Statement }{
	lockstep.ToAccount: {selectMail, upsertMail},
	lockstep.ToBuyer:   {selectBuyerMail, upsertBuyerMail},
}

const (
	selectMail Statement = `
select notice_id, state, reason, attempts, requested, began_at, at from mails where notice_id = $1`

	upsertMail Statement = `
insert into mails (notice_id, state, reason, attempts, requested, began_at, at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (notice_id) do update set
	state = excluded.state, reason = excluded.reason, attempts = excluded.attempts,
	requested = excluded.requested, began_at = excluded.began_at, at = excluded.at`

	selectBuyerMail Statement = `
select notice_id, state, reason, attempts, requested, began_at, at from buyer_mails where notice_id = $1`

	upsertBuyerMail Statement = `
insert into buyer_mails (notice_id, state, reason, attempts, requested, began_at, at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (notice_id) do update set
	state = excluded.state, reason = excluded.reason, attempts = excluded.attempts,
	requested = excluded.requested, began_at = excluded.began_at, at = excluded.at`
)

// Mail implements [lockstep.Outbox].
func (s *Store) Mail(ctx context.Context, noticeID string, to lockstep.Recipient) (lockstep.Mail, error) {
	m, err := one(ctx, s, scanMail, mailsTo[to].read, noticeID)
	if err != nil {
		return lockstep.Mail{}, fmt.Errorf("read mail of %s: %w", noticeID, err)
	}
	m.To = to
	return m, nil
}

// SaveMail implements [lockstep.Outbox].
func (s *Store) SaveMail(ctx context.Context, claim lockstep.Claim, m lockstep.Mail) error {
	err := s.fenced(ctx, claim, func(t *tx) error { return t.saveMail(ctx, m) })
	if err != nil {
		return fmt.Errorf("save mail of %s as %s: %w", m.NoticeID, m.State, err)
	}
	return nil
}

// RequestMail implements [lockstep.Outbox].
func (s *Store) RequestMail(ctx context.Context, noticeID string, to lockstep.Recipient) error {
	err := s.write(ctx, func(t *tx) error {
		n, err := scanNotice(t.row(ctx, selectNotice, noticeID))
		if errors.Is(err, sql.ErrNoRows) {
			return lockstep.ErrNotFound
		}
		if err != nil {
			return err
		}
		m, err := t.mail(ctx, noticeID, to)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return err
		}
		if m.State == lockstep.MailSending {
			return lockstep.ErrBusy
		}
		m.NoticeID, m.State, m.Reason, m.Requested, m.BeganAt = n.ID, lockstep.MailPending, "", true, moment(t.now())
		if err := t.saveMail(ctx, m); err != nil {
			return err
		}
		return t.markRouted(ctx, lockstep.Mark{Key: n.MailKeyTo(to), Priority: lockstep.Interactive})
	})
	if err != nil {
		return fmt.Errorf("request mail of %s: %w", noticeID, err)
	}
	return nil
}

func (t *tx) mail(ctx context.Context, noticeID string, to lockstep.Recipient) (lockstep.Mail, error) {
	m, err := scanMail(t.row(ctx, mailsTo[to].read, noticeID))
	if errors.Is(err, sql.ErrNoRows) {
		err = lockstep.ErrNotFound
	}
	m.To = to
	return m, err
}

func scanMail(row scanner) (m lockstep.Mail, err error) {
	var beganAt, at int64
	err = row.Scan(&m.NoticeID, &m.State, &m.Reason, &m.Attempts, &m.Requested, &beganAt, &at)
	m.BeganAt, m.UpdatedAt = moment(beganAt), moment(at)
	return m, err
}

func (t *tx) saveMail(ctx context.Context, m lockstep.Mail) error {
	return t.later(ctx, mailsTo[m.To].write, m.NoticeID, m.State, m.Reason, m.Attempts, bit(m.Requested),
		millis(m.BeganAt), t.now())
}
