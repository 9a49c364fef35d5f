package listing

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// The columns of a notice, as scanNotice reads them.
const noticeColumns = `n.id, n.kind, n.account_kind, n.account_id, n.object, n.created_at,
	coalesce((select m.state from mails m where m.notice_id = n.id), ''),
	coalesce((select b.state from buyer_mails b where b.notice_id = n.id), '')
from notices n`

// The statements about notices. Those of a page read what is before the time $1 and the id $2: at most $3.
const (
	NoticesByTime = `
select ` + noticeColumns + `
where (n.created_at, n.id) < ($1, $2) order by n.created_at desc, n.id desc limit $3 + 0`

	NoticesOfAccount = `
select ` + noticeColumns + `
where n.account_kind = $4 and n.account_id = $5 and (n.created_at, n.id) < ($1, $2)
order by n.created_at desc, n.id desc limit $3 + 0`

	// EmailsOf reads the e-mails of the notice $1, each with the time of its next try.
	EmailsOf = `
select '', state, reason, attempts, requested, began_at, at, coalesce((select w.run_at from work w
	where w.key = 'mail/' || m.notice_id and w.generation > w.done_generation), 0)
from mails m where notice_id = $1
union all
select 'buyer', state, reason, attempts, requested, began_at, at, coalesce((select w.run_at from work w
	where w.key = 'buyermail/' || b.notice_id and w.generation > w.done_generation), 0)
from buyer_mails b where notice_id = $1`
)

// stated is a notice with the states of its e-mails; empty without one.
type stated struct {
	lockstep.ListedNotice
	mail, buyerMail lockstep.EmailState
}

// LatestNotices implements [lockstep.NoticeLists].
func (l *Lists) LatestNotices(ctx context.Context, f lockstep.NoticeFilter) (page lockstep.NoticePage, err error) {
	at, err := parseInstant(f.Before)
	if err != nil {
		return page, fmt.Errorf("list notices: %w", err)
	}
	pages := latest[stated]{limit: limitOf(f.Limit), filtered: f.Kind != "" || f.Email != "",
		lists: func(n stated) bool {
			return (f.Kind == "" || f.Kind == n.Kind) && (f.Email == "" || f.Email == n.mail || f.Email == n.buyerMail)
		},
		place: func(n stated) instant { return instant{n.CreatedAt.UnixMilli(), n.ID} }}
	statement, args := NoticesByTime, []any{at.at, at.id, int64(pages.rows())}
	if !f.Account.IsZero() {
		statement, args = NoticesOfAccount, append(args, string(f.Account.Kind), f.Account.ID)
	}
	err = l.View(ctx, func(v sqlstore.View) error {
		read, err := readNotices(ctx, v, statement, args)
		if err != nil {
			return err
		}
		found, next := pages.page(read)
		page = lockstep.NoticePage{Next: next}
		for _, n := range found {
			page.Notices = append(page.Notices, n.ListedNotice)
		}
		return readEmails(ctx, v, page.Notices)
	})
	if err != nil {
		return lockstep.NoticePage{}, fmt.Errorf("list notices: %w", err)
	}
	return page, nil
}

// EmailsOfNotice implements [lockstep.NoticeLists].
func (l *Lists) EmailsOfNotice(ctx context.Context, id string) ([]lockstep.ListedEmail, error) {
	one := []lockstep.ListedNotice{{Notice: lockstep.Notice{ID: id}}}
	err := l.View(ctx, func(v sqlstore.View) error {
		one[0].Emails = nil
		return readEmails(ctx, v, one)
	})
	if err != nil {
		return nil, fmt.Errorf("read e-mails of notice %s: %w", id, err)
	}
	return one[0].Emails, nil
}

func readNotices(ctx context.Context, v sqlstore.View, statement string, args []any) (read []stated, err error) {
	err = v.Send(ctx, &sqlrun.Query{SQL: statement, Args: args, Row: func(row sqlrun.Scanner) error {
		n, err := scanNotice(row)
		read = append(read, n)
		return err
	}})
	return read, err
}

func scanNotice(row sqlrun.Scanner) (n stated, err error) {
	var createdAt int64
	err = row.Scan(&n.ID, &n.Kind, &n.Account.Kind, &n.Account.ID, &n.Object, &createdAt, &n.mail, &n.buyerMail)
	n.CreatedAt = moment(createdAt)
	return n, err
}

// readEmails adds the e-mails of notices.
func readEmails(ctx context.Context, v sqlstore.View, notices []lockstep.ListedNotice) error {
	queries := make([]*sqlrun.Query, len(notices))
	for i := range notices {
		n := &notices[i]
		queries[i] = &sqlrun.Query{SQL: EmailsOf, Args: []any{n.ID}, Row: func(row sqlrun.Scanner) error {
			e, err := scanEmail(row)
			e.NoticeID = n.ID
			n.Emails = append(n.Emails, e)
			return err
		}}
	}
	return v.Send(ctx, queries...)
}

func scanEmail(row sqlrun.Scanner) (e lockstep.ListedEmail, err error) {
	var beganAt, at, next int64
	err = row.Scan(&e.To, &e.State, &e.Reason, &e.Attempts, &e.Requested, &beganAt, &at, &next)
	e.BeganAt, e.UpdatedAt, e.NextTry = moment(beganAt), moment(at), moment(next)
	return e, err
}
