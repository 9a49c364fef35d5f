package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// The time makes the sequence higher than all that were given before the database was restored from a backup:
	// receivers drop messages with a lower one.
	upsertNotified Statement = `
insert into access_told (kind, id, digest, sequence, at) values ($1, $2, $3, $4, $4)
on conflict (kind, id) do update set digest = excluded.digest, at = excluded.at,
	sequence = case when access_told.sequence < excluded.at then excluded.at else access_told.sequence + 1 end`

	selectNotified Statement = `select digest, sequence, at from access_told where kind = $1 and id = $2`

	selectDelivery Statement = `
select endpoint, subject, state, status, reason, attempts, sequence, began_at, at
from hook_deliveries where endpoint = $1 and subject = $2`

	selectMissed Statement = `
select subject from hook_deliveries where endpoint = $1 and state in ('held', 'undelivered') and subject > $2
order by subject limit $3 + 0`

	upsertDelivery Statement = `
insert into hook_deliveries (endpoint, subject, state, status, reason, attempts, sequence, began_at, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (endpoint, subject) do update set
	state = excluded.state, status = excluded.status, reason = excluded.reason, attempts = excluded.attempts,
	sequence = excluded.sequence, began_at = excluded.began_at, at = excluded.at`

	selectEndpoint Statement = `select id, failing_since, disabled_at, reason from hook_endpoints where id = $1`

	upsertEndpoint Statement = `
insert into hook_endpoints (id, failing_since, disabled_at, reason) values ($1, $2, $3, $4)
on conflict (id) do update set
	failing_since = excluded.failing_since, disabled_at = excluded.disabled_at, reason = excluded.reason`
)

// NotifyAccess implements [lockstep.Webhooks].
func (s *Store) NotifyAccess(ctx context.Context, claim lockstep.Claim, account lockstep.Account, digest string,
	keys []lockstep.Key) error {
	err := s.fenced(ctx, claim, func(t *tx) error {
		t.queue(upsertNotified, account.Kind, account.ID, digest, t.now())
		for _, key := range keys {
			t.mark(lockstep.Mark{Key: key, Priority: lockstep.Normal})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store access notification of %s: %w", account, err)
	}
	return nil
}

// AccessNotification implements [lockstep.Webhooks].
func (s *Store) AccessNotification(ctx context.Context, account lockstep.Account) (lockstep.AccessNotification, error) {
	n, err := one(ctx, s, scanNotification, selectNotified, account.Kind, account.ID)
	return wrap(n, err, "read access notification of %s", account)
}

func scanNotification(row sqlrun.Scanner) (n lockstep.AccessNotification, err error) {
	var at int64
	err = row.Scan(&n.Digest, &n.Sequence, &at)
	n.At = moment(at)
	return n, err
}

// WebhookDelivery implements [lockstep.Webhooks].
func (s *Store) WebhookDelivery(ctx context.Context, endpoint, subject string) (lockstep.WebhookDelivery, error) {
	d, err := one(ctx, s, scanDelivery, selectDelivery, endpoint, subject)
	return wrap(d, err, "read delivery of %s to %s", subject, endpoint)
}

func scanDelivery(row sqlrun.Scanner) (d lockstep.WebhookDelivery, err error) {
	var beganAt, at int64
	err = row.Scan(&d.Endpoint, &d.Subject, &d.State, &d.Status, &d.Reason, &d.Attempts, &d.Sequence, &beganAt, &at)
	d.BeganAt, d.UpdatedAt = moment(beganAt), moment(at)
	return d, err
}

// SaveWebhookDelivery implements [lockstep.Webhooks].
func (s *Store) SaveWebhookDelivery(ctx context.Context, claim lockstep.Claim, d lockstep.WebhookDelivery,
	endpoint *lockstep.WebhookEndpoint) error {
	err := s.fenced(ctx, claim, func(t *tx) error {
		t.saveDelivery(d)
		if endpoint != nil {
			t.saveEndpoint(*endpoint)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save delivery of %s to %s as %s: %w", d.Subject, d.Endpoint, d.State, err)
	}
	return nil
}

func (t *tx) saveDelivery(d lockstep.WebhookDelivery) {
	t.queue(upsertDelivery, d.Endpoint, d.Subject, d.State, d.Status, d.Reason, d.Attempts, d.Sequence,
		millis(d.BeganAt), t.now())
}

func (t *tx) saveEndpoint(e lockstep.WebhookEndpoint) {
	t.queue(upsertEndpoint, e.ID, millis(e.FailingSince), millis(e.DisabledAt), e.Reason)
}

// WebhookEndpoint implements [lockstep.Webhooks].
func (s *Store) WebhookEndpoint(ctx context.Context, id string) (lockstep.WebhookEndpoint, error) {
	e, err := one(ctx, s, scanEndpoint, selectEndpoint, id)
	if errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.WebhookEndpoint{ID: id}, nil
	}
	return wrap(e, err, "read endpoint %s", id)
}

func scanEndpoint(row sqlrun.Scanner) (e lockstep.WebhookEndpoint, err error) {
	var failing, disabled int64
	err = row.Scan(&e.ID, &failing, &disabled, &e.Reason)
	e.FailingSince, e.DisabledAt = moment(failing), moment(disabled)
	return e, err
}

// Redeliver implements [lockstep.Webhooks].
func (s *Store) Redeliver(ctx context.Context, endpoint, subject string) error {
	err := s.write(ctx, func(t *tx) error {
		t.redeliver(endpoint, lockstep.Interactive, subject)
		return nil
	})
	if err != nil {
		return fmt.Errorf("redeliver %s to %s: %w", subject, endpoint, err)
	}
	return nil
}

// redeliver starts deliveries over with a new period of three days, also those that were delivered.
func (t *tx) redeliver(endpoint string, priority lockstep.Priority, subjects ...string) {
	var marks []lockstep.Mark
	for _, subject := range subjects {
		d := lockstep.WebhookDelivery{Endpoint: endpoint, Subject: subject, State: lockstep.WebhookPending,
			BeganAt: moment(t.now())}
		t.saveDelivery(d)
		marks = append(marks, lockstep.Mark{Key: d.Key(), Priority: priority})
	}
	t.mark(marks...)
}

// EnableWebhookEndpoint implements [lockstep.Webhooks]. The first step enables the endpoint,
// because a worker holds every delivery to a disabled one again. The steps go through the subjects
// in order, so they end even if the endpoint refuses a delivery meanwhile and a worker holds it
// again.
func (s *Store) EnableWebhookEndpoint(ctx context.Context, id string) (missed int, err error) {
	most, after := s.step(2), ""
	for {
		var subjects []string
		err := s.write(ctx, func(t *tx) (err error) {
			if after == "" {
				t.saveEndpoint(lockstep.WebhookEndpoint{ID: id})
			}
			if subjects, err = collect(ctx, t, text, selectMissed, id, after, most); err != nil {
				return err
			}
			t.redeliver(id, lockstep.Normal, subjects...)
			return nil
		})
		if err != nil {
			return missed, fmt.Errorf("enable endpoint %s: %w", id, err)
		}
		missed += len(subjects)
		if len(subjects) < most {
			return missed, nil
		}
		after = subjects[most-1]
	}
}
