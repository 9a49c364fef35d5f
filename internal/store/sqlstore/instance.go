package sqlstore

import (
	"context"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	selectInstance Statement = `
select provider, id, generation, key_digest, accepted_at, waiting, waiting_since from instances where provider = $1`

	// meetInstance notes a provider's instance. If it is the accepted one, it keeps its time, and
	// no other instance waits.
	meetInstance Statement = `
insert into instances (provider, id, generation, key_digest, accepted_at) values ($1, $2, 0, $3, $4)
on conflict (provider) do update set
	key_digest = case when instances.id = excluded.id then excluded.key_digest else instances.key_digest end,
	waiting = case when instances.id = excluded.id then '' else excluded.id end,
	waiting_since = case when instances.id = excluded.id then 0
		when instances.waiting = excluded.id then instances.waiting_since else $4 end`

	acceptInstance Statement = `
update instances set id = waiting, generation = generation + 1, key_digest = '', accepted_at = $3, waiting = '',
	waiting_since = 0
where provider = $1 and waiting = $2 and waiting <> ''`

	updateStanding Statement = `
update accounts set instance_generation = $3, missing_since = $4, candidate = $5, misnamed = $6 where kind = $1
	and id = $2`

	selectFormerAccounts Statement = `
select kind, id, instance_generation, coalesce(customer_id, '') from accounts
where instance_generation < (select generation from instances where provider = 'clerk')
	and (instance_generation, kind, id) > ($1, $2, $3) and state = 'active'
order by instance_generation, kind, id limit $4 + 0`

	selectFormerByEmail Statement = `
select kind, id from accounts
where email = $2 and email <> '' and kind = $1 and state = 'active'
	and instance_generation < (select generation from instances where provider = 'clerk')
limit 10`
)

// Instance implements [lockstep.Instances].
func (s *Store) Instance(ctx context.Context, provider lockstep.Source) (lockstep.Instance, error) {
	i, err := one(ctx, s, scanInstance, selectInstance, provider)
	return wrap(i, err, "read instance of %s", provider)
}

// MeetInstance implements [lockstep.Instances].
func (s *Store) MeetInstance(ctx context.Context, provider lockstep.Source, id,
	keyDigest string) (i lockstep.Instance, err error) {
	err = s.write(ctx, func(t *tx) error {
		t.queue(meetInstance, provider, id, keyDigest, t.now())
		i, err = t.instance(ctx, provider)
		return err
	})
	return wrap(i, err, "note instance %s of %s", id, provider)
}

// AcceptInstance implements [lockstep.Instances].
func (s *Store) AcceptInstance(ctx context.Context, provider lockstep.Source, id string,
	marks ...lockstep.Mark) (i lockstep.Instance, err error) {
	err = s.write(ctx, func(t *tx) error {
		accepted, err := t.exec(ctx, acceptInstance, provider, id, t.now())
		if err != nil {
			return err
		}
		if i, err = t.instance(ctx, provider); err != nil {
			return err
		}
		switch {
		case i.ID != id:
			return lockstep.ErrNotFound
		case accepted == 0:
			return nil
		}
		t.mark(marks...)
		return nil
	})
	return wrap(i, err, "accept instance %s of %s", id, provider)
}

func (t *tx) instance(ctx context.Context, provider lockstep.Source) (lockstep.Instance, error) {
	return collectOne(ctx, t, scanInstance, selectInstance, provider)
}

func scanInstance(row sqlrun.Scanner) (i lockstep.Instance, err error) {
	var acceptedAt, waitingSince int64
	err = row.Scan(&i.Provider, &i.ID, &i.Generation, &i.KeyDigest, &acceptedAt, &i.Waiting, &waitingSince)
	i.AcceptedAt, i.WaitingSince = moment(acceptedAt), moment(waitingSince)
	return i, err
}

// saveStanding writes how an account relates to the accepted instance. That hardly ever changes.
func (t *tx) saveStanding(stored, r lockstep.Record) {
	if r.InstanceGeneration == stored.InstanceGeneration && r.MissingSince.Equal(stored.MissingSince) &&
		r.Candidate == stored.Candidate && r.Misnamed == stored.Misnamed {
		return
	}
	t.queue(updateStanding, r.Account.Kind, r.Account.ID, r.InstanceGeneration, millis(r.MissingSince),
		r.Candidate, bit(r.Misnamed))
}

// FormerAccounts implements [lockstep.Instances].
func (s *Store) FormerAccounts(ctx context.Context, after lockstep.FormerAccount,
	limit int) ([]lockstep.FormerAccount, error) {
	found, err := all(ctx, s, scanFormer, selectFormerAccounts, after.Generation, after.Account.Kind, after.Account.ID,
		limit)
	return wrap(found, err, "list former accounts")
}

func scanFormer(row sqlrun.Scanner) (f lockstep.FormerAccount, err error) {
	err = row.Scan(&f.Account.Kind, &f.Account.ID, &f.Generation, &f.CustomerID)
	return f, err
}

// FormerByEmail implements [lockstep.Instances].
func (s *Store) FormerByEmail(ctx context.Context, kind lockstep.Kind, email string) ([]lockstep.Account, error) {
	found, err := all(ctx, s, scanAccount, selectFormerByEmail, kind, email)
	return wrap(found, err, "look for former accounts by e-mail address")
}
