package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	// selectStarted counts the work that every service marks when it starts.
	selectStarted Statement = `select count(*) from work where key = $1`

	upsertStagedIdentity Statement = `
insert into backfill_identities (kind, id, email, slug, body) values ($1, $2, $3, $4, $5)
on conflict (kind, id) do update set email = excluded.email, slug = excluded.slug, body = excluded.body`

	upsertStagedCustomer Statement = `
insert into backfill_customers (customer_id, email, body, outcome, kind, id, rank, trust) values ($1, $2, $3, '',
	'', '', 0, '')
on conflict (customer_id) do update set email = excluded.email, body = excluded.body, outcome = ''`

	upsertStagedObject Statement = `
insert into backfill_objects (customer_id, id, body) values ($1, $2, $3)
on conflict (customer_id, id) do update set body = excluded.body`

	upsertStagedPayment Statement = `
insert into backfill_payments (session_id, customer_id, kind, id) values ($1, $2, $3, $4)
on conflict (session_id) do update set customer_id = excluded.customer_id, kind = excluded.kind, id = excluded.id`

	insertStagedClaim Statement = `
insert into backfill_claims (origin, customer_id, kind, id) values ($1, $2, $3, $4)
on conflict (origin, customer_id, kind, id) do nothing`

	updateConcluded Statement = `
update backfill_customers set outcome = $2, kind = $3, id = $4, rank = $5, trust = $6 where customer_id = $1`
)

// ExternalClaim is the prefix of an external id among the directory's claims, which hold customer
// ids too. A customer id has no slash.
const ExternalClaim = "external/"

// StagedObject is a subscription or a checkout session.
type StagedObject struct {
	Subscription *lockstep.Subscription `json:"s,omitempty"`
	Checkout     *lockstep.Checkout     `json:"c,omitempty"`
}

// BeginBackfill implements [lockstep.Backfills].
func (s *Store) BeginBackfill(ctx context.Context, was, next string, fresh bool) (begun bool, err error) {
	key := lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.BackfillSweep}
	err = s.write(ctx, func(t *tx) error {
		begun = false
		cursor, err := collectOne(ctx, t, text, selectCursor, lockstep.BackfillSweep)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return err
		}
		if cursor != was {
			return nil
		}
		if fresh {
			sweep := lockstep.Key{Kind: lockstep.KeySweep, ID: "events"}
			started, err := collectOne(ctx, t, scanNumber, selectStarted, sweep.String())
			if err != nil || started > 0 {
				return err
			}
		}
		t.queue(upsertCursor, lockstep.BackfillSweep, next)
		begun = true
		t.mark(lockstep.Mark{Key: key, Priority: lockstep.Normal})
		return nil
	})
	return wrap(begun, err, "begin backfill")
}

// moved runs do within a claim, in a transaction that moves the sweep's cursor.
func (s *Store) moved(ctx context.Context, claim lockstep.Claim, cursor string, do func(*tx) error) error {
	return s.fenced(ctx, claim, func(t *tx) error {
		t.queue(upsertCursor, claim.Key.ID, cursor)
		return do(t)
	})
}

// Stage implements [lockstep.Backfills].
func (s *Store) Stage(ctx context.Context, claim lockstep.Claim, cursor string, page lockstep.BackfillPage) error {
	err := s.moved(ctx, claim, cursor, func(t *tx) error {
		for _, i := range page.Identities {
			if err := t.stageIdentity(i); err != nil {
				return err
			}
		}
		for _, c := range page.Customers {
			body, err := json.Marshal(c)
			if err != nil {
				return fmt.Errorf("encode customer: %w", err)
			}
			t.queue(upsertStagedCustomer, c.ID, c.Email, string(body))
		}
		for _, sub := range page.Subscriptions {
			if err := t.stageObject(sub.CustomerID, sub.ID, StagedObject{Subscription: &sub}); err != nil {
				return err
			}
		}
		for _, c := range page.Checkouts {
			if err := t.stageCheckout(c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store listed data: %w", err)
	}
	return nil
}

func (t *tx) stageIdentity(i lockstep.Identity) error {
	email := ""
	if i.Account.Kind == lockstep.User && i.EmailVerified {
		email = i.Email
	}
	for _, id := range i.CustomerIDs {
		t.queue(insertStagedClaim, "directory", id, i.Account.Kind, i.Account.ID)
	}
	if i.ExternalID != "" {
		t.queue(insertStagedClaim, "directory", ExternalClaim+i.ExternalID, i.Account.Kind,
			i.Account.ID)
	}
	i.Metadata, i.CustomerIDs = nil, nil
	body, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("encode identity: %w", err)
	}
	t.queue(upsertStagedIdentity, i.Account.Kind, i.Account.ID, email, i.Slug, string(body))
	return nil
}

func (t *tx) stageObject(customerID, id string, object StagedObject) error {
	body, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("encode %s: %w", id, err)
	}
	t.queue(upsertStagedObject, customerID, id, string(body))
	return nil
}

// stageCheckout stores the parts of a session that name an account, and whether it is a one-time
// payment.
func (t *tx) stageCheckout(c lockstep.Checkout) error {
	if c.Mode == "payment" {
		named, isNamed := lockstep.AccountNamedIn(c.Metadata)
		if !isNamed {
			if named, isNamed = lockstep.AccountOfReference(c.Reference); !isNamed {
				named = lockstep.Account{ID: c.Reference}
			}
		}
		t.queue(upsertStagedPayment, c.ID, c.CustomerID, named.Kind, named.ID)
	}
	if c.CustomerID == "" {
		return nil
	}
	kept := lockstep.Checkout{ID: c.ID, Mode: c.Mode, Reference: c.Reference, Metadata: c.Metadata, CreatedAt: c.CreatedAt}
	return t.stageObject(c.CustomerID, c.ID, StagedObject{Checkout: &kept})
}

// Conclude implements [lockstep.Backfills].
func (s *Store) Conclude(ctx context.Context, claim lockstep.Claim, cursor string,
	conclusions []lockstep.Conclusion) error {
	err := s.moved(ctx, claim, cursor, func(t *tx) error {
		for _, c := range conclusions {
			t.queue(updateConcluded, c.CustomerID, string(c.Outcome), c.Account.Kind, c.Account.ID, c.Rank, c.Trust)
			for _, a := range c.Claims {
				t.queue(insertStagedClaim, string(c.Outcome), c.CustomerID, a.Kind, a.ID)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store a backfill's conclusions: %w", err)
	}
	return nil
}

const updateGiven Statement = `
update accounts set customer_email = $3, customer_name = $4 where kind = $1 and id = $2 and customer_id = $5`

// Adopt implements [lockstep.Backfills].
func (s *Store) Adopt(ctx context.Context, claim lockstep.Claim, cursor string, adoptions []lockstep.Adoption,
	marks []lockstep.Mark) error {
	err := s.moved(ctx, claim, cursor, func(t *tx) error {
		for _, a := range adoptions {
			err := t.adopt(ctx, a)
			switch {
			case errors.Is(err, lockstep.ErrLinked), errors.Is(err, lockstep.ErrCrowded), errors.Is(err, lockstep.ErrBusy):
				t.mark(lockstep.Mark{Key: customerKey(a.CustomerID), Scope: lockstep.ScopeAll, Priority: lockstep.Background})
			case err != nil:
				return fmt.Errorf("%s to %s: %w", a.CustomerID, a.Account, err)
			}
		}
		t.mark(marks...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("link customers: %w", err)
	}
	return nil
}

// adopt links a customer as [Store.Link] does. The listed data needs no further read, so the
// account's run reads the customer only if something about it was marked before. If the customer
// is already linked, the account's runs know more than an older list.
func (t *tx) adopt(ctx context.Context, a lockstep.Adoption) error {
	stored, err := t.account(ctx, a.Account)
	if errors.Is(err, lockstep.ErrNotFound) {
		err = t.createAccount(ctx, a.Identity, a.Generation)
	}
	if err != nil {
		return err
	}
	if stored.State == lockstep.AccountDeleted || a.Customer.Deleted {
		return lockstep.ErrLinked
	}
	isNew, err := t.join(ctx, stored, a.Account, a.CustomerID, a.Trust)
	if err != nil {
		return err
	}
	if isNew {
		if err := t.saveListed(a); err != nil {
			return err
		}
	}
	switch scope, inherits, err := t.inherits(ctx, a.CustomerID); {
	case err != nil:
		return err
	case inherits:
		if err := t.inherit(ctx, a.Account, a.CustomerID, scope); err != nil {
			return err
		}
	}
	t.mark(lockstep.Mark{Key: a.Account.Key(), Scope: a.Scope, Priority: lockstep.Background})
	return nil
}

// saveListed stores the listed details and subscriptions of a newly linked customer.
func (t *tx) saveListed(a lockstep.Adoption) error {
	t.queue(updateGiven, a.Account.Kind, a.Account.ID, a.Customer.Email, a.Customer.Name, a.CustomerID)
	return t.saveSubscriptions(a.Account, a.Subscriptions)
}

// The + 0 keeps SQLite from planning a statement again for every limit.
const (
	deleteStagedIdentities Statement = `
delete from backfill_identities where (kind, id) in (select kind, id from backfill_identities order by kind,
	id limit $1 + 0)`
	deleteStagedCustomers Statement = `
delete from backfill_customers where customer_id in (select customer_id
	from backfill_customers order by customer_id limit $1 + 0)`
	deleteStagedObjects Statement = `
delete from backfill_objects where (customer_id, id) in (select customer_id, id
	from backfill_objects order by customer_id, id limit $1 + 0)`
	deleteStagedPayments Statement = `
delete from backfill_payments where session_id in (select session_id
	from backfill_payments order by session_id limit $1 + 0)`
	deleteStagedClaims Statement = `
delete from backfill_claims where origin = 'directory' and (customer_id, kind, id) in (
	select customer_id, kind, id from backfill_claims where origin = 'directory'
	order by customer_id, kind, id limit $1 + 0)`
)

// Unstage implements [lockstep.Backfills].
func (s *Store) Unstage(ctx context.Context, claim lockstep.Claim, limit int) (more bool, err error) {
	err = s.fenced(ctx, claim, func(t *tx) error {
		more = false
		for _, statement := range []Statement{deleteStagedIdentities, deleteStagedCustomers, deleteStagedObjects,
			deleteStagedPayments, deleteStagedClaims} {
			removed, err := t.exec(ctx, statement, limit)
			if err != nil {
				return err
			}
			more = more || removed == int64(limit)
		}
		return nil
	})
	return wrap(more, err, "remove listed data")
}
