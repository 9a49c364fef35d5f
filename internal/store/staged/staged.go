// Package staged reads what a backfill has listed and not linked yet.
package staged

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// Reads implements the reads of [lockstep.Backfills] beside a store.
type Reads struct {
	// View runs a transaction that only reads.
	View func(ctx context.Context, do func(sqlstore.View) error) error
}

const (
	// selectStagedCustomers reads customers with their links and an operator's decisions.
	selectStagedCustomers sqlstore.Statement = `
select c.body, coalesce(a.kind, f.kind, ''), coalesce(a.id, f.id, ''), coalesce(f.trust, 'proven'),
	w.key is not null, coalesce(w.kind, ''), coalesce(w.id, '')
from (select customer_id, body from backfill_customers where customer_id > $1 order by customer_id limit $2 + 0) c
left join accounts a on a.customer_id = c.customer_id
left join former_customers f on f.customer_id = c.customer_id
left join assignments w on w.key = 'customer/' || c.customer_id
order by c.customer_id`

	selectStagedObjects sqlstore.Statement = `
select customer_id, body from backfill_objects where customer_id > $1 and customer_id <= $2 order by customer_id, id`

	selectStagedClaims sqlstore.Statement = `
select customer_id, kind, id from backfill_claims where origin = 'directory' and customer_id > $1
	and customer_id <= $2 order by customer_id, kind, id`

	selectStagedIdentity sqlstore.Statement = `select body from backfill_identities where kind = $1 and id = $2`

	selectStagedSlug sqlstore.Statement = `
select kind, id from backfill_identities where slug = $1 and slug <> '' order by kind, id limit 1`

	selectStagedExternal sqlstore.Statement = `
select kind, id from backfill_claims where origin = 'directory' and customer_id = $1 and kind = $2 order by id limit 1`

	selectStagedEmail sqlstore.Statement = `
select kind, id from backfill_identities where email = $1 and email <> '' limit 2`

	countStagedEmail sqlstore.Statement = `
select count(*) from (select customer_id from backfill_customers where email = $1 and email <> '' limit 2) as few`

	selectConcluded sqlstore.Statement = `
select c.customer_id, c.kind, c.id, c.rank, c.trust, c.body, i.body
from backfill_customers c join backfill_identities i on i.kind = c.kind and i.id = c.id
where c.outcome = 'linked' and (c.kind, c.id, c.rank, c.customer_id) > ($1, $2, $3, $4)
order by c.kind, c.id, c.rank, c.customer_id limit $5 + 0`

	// selectConcludedObjects reads the objects of the customers that selectConcluded returns.
	selectConcludedObjects sqlstore.Statement = `
select customer_id, body from backfill_objects where customer_id in (
	select c.customer_id
	from backfill_customers c join backfill_identities i on i.kind = c.kind and i.id = c.id
	where c.outcome = 'linked' and (c.kind, c.id, c.rank, c.customer_id) > ($1, $2, $3, $4)
	order by c.kind, c.id, c.rank, c.customer_id limit $5 + 0)
order by customer_id, id`

	selectStagedPayments sqlstore.Statement = `
select p.session_id, p.kind, p.id, coalesce(c.outcome, '') = 'linked'
from backfill_payments p left join backfill_customers c on c.customer_id = p.customer_id
where p.session_id > $1 order by p.session_id limit $2 + 0`

	selectClaimsOf sqlstore.Statement = `
select c.customer_id, c.origin = 'ambiguous' and w.key is null
from backfill_claims c left join assignments w on w.key = 'customer/' || c.customer_id
where c.kind = $1 and c.id = $2 and c.origin in ('unlinked', 'ambiguous')
	and not exists (select 1 from accounts a where a.customer_id = c.customer_id)
	and not exists (select 1 from former_customers f where f.customer_id = c.customer_id)
order by c.customer_id limit 100`
)

// StagedCustomers implements [lockstep.Backfills].
func (r *Reads) StagedCustomers(ctx context.Context, after string,
	limit int) (page []lockstep.StagedCustomer, err error) {
	err = r.View(ctx, func(t sqlstore.View) error {
		page, err = collect(ctx, t, scanStagedCustomer, selectStagedCustomers, after, limit)
		if err != nil || len(page) == 0 {
			return err
		}
		at := map[string]*lockstep.StagedCustomer{}
		for i := range page {
			at[page[i].Customer.ID] = &page[i]
		}
		last := page[len(page)-1].Customer.ID
		objects, err := collect(ctx, t, scanStagedObject, selectStagedObjects, after, last)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if c := at[o.customerID]; c != nil {
				o.addTo(c)
			}
		}
		claims, err := collect(ctx, t, scanClaimed, selectStagedClaims, after, last)
		if err != nil {
			return err
		}
		for _, named := range claims {
			if c := at[named.CustomerID]; c != nil {
				c.Named = append(c.Named, named.Account)
			}
		}
		return nil
	})
	return wrap(page, err, "read listed customers")
}

func scanStagedCustomer(row sqlrun.Scanner) (c lockstep.StagedCustomer, err error) {
	var body string
	var link lockstep.Link
	if err := row.Scan(&body, &link.Account.Kind, &link.Account.ID, &link.Trust, &c.Assigned, &c.Assignment.Kind,
		&c.Assignment.ID); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(body), &c.Customer); err != nil {
		return c, fmt.Errorf("decode customer: %w", err)
	}
	if link.Account.ID != "" {
		link.CustomerID = c.Customer.ID
		c.Link = link
	}
	if c.Assignment.ID == "" {
		c.Assignment = lockstep.Account{}
	}
	return c, nil
}

// objectOf is a staged object with its customer.
type objectOf struct {
	sqlstore.StagedObject
	customerID string
}

func (o objectOf) addTo(c *lockstep.StagedCustomer) {
	if o.Subscription != nil {
		c.Subscriptions = append(c.Subscriptions, *o.Subscription)
	}
	if o.Checkout != nil {
		c.Checkouts = append(c.Checkouts, *o.Checkout)
	}
}

func scanStagedObject(row sqlrun.Scanner) (o objectOf, err error) {
	var body string
	if err := row.Scan(&o.customerID, &body); err != nil {
		return o, err
	}
	if err := json.Unmarshal([]byte(body), &o.StagedObject); err != nil {
		return o, fmt.Errorf("decode an object of %s: %w", o.customerID, err)
	}
	return o, nil
}

// StagedIdentity implements [lockstep.Backfills].
func (r *Reads) StagedIdentity(ctx context.Context, account lockstep.Account) (identity lockstep.Identity, err error) {
	body, err := one(ctx, r, text, selectStagedIdentity, account.Kind, account.ID)
	if err == nil {
		err = json.Unmarshal([]byte(body), &identity)
	}
	return wrap(identity, err, "read listed %s", account)
}

// StagedSlug implements [lockstep.Backfills].
func (r *Reads) StagedSlug(ctx context.Context, slug string) (lockstep.Account, error) {
	found, err := one(ctx, r, account, selectStagedSlug, slug)
	return wrap(found, err, "read listed organization by slug")
}

// StagedExternal implements [lockstep.Backfills].
func (r *Reads) StagedExternal(ctx context.Context, kind lockstep.Kind, externalID string) (lockstep.Account, error) {
	found, err := one(ctx, r, account, selectStagedExternal, sqlstore.ExternalClaim+externalID, kind)
	return wrap(found, err, "read listed %s by external id", kind)
}

// StagedEmail implements [lockstep.Backfills].
func (r *Reads) StagedEmail(ctx context.Context, email string) (users []lockstep.Account, customers int, err error) {
	err = r.View(ctx, func(t sqlstore.View) error {
		var counts []int64
		users = nil
		err := t.Send(ctx, rows(&users, account, selectStagedEmail, email), rows(&counts, number, countStagedEmail, email))
		if err == nil {
			customers = int(counts[0])
		}
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("look for an e-mail address in the listed data: %w", err)
	}
	return users, customers, nil
}

// Concluded implements [lockstep.Backfills].
func (r *Reads) Concluded(ctx context.Context, after lockstep.Conclusion,
	limit int) (page []lockstep.Adoption, err error) {
	err = r.View(ctx, func(t sqlstore.View) error {
		from := []any{after.Account.Kind, after.Account.ID, after.Rank, after.CustomerID, limit}
		var objects []objectOf
		page = nil
		err := t.Send(ctx, rows(&page, scanAdoption, selectConcluded, from...),
			rows(&objects, scanStagedObject, selectConcludedObjects, from...))
		for _, o := range objects {
			of := func(a lockstep.Adoption) bool { return a.CustomerID == o.customerID }
			if i := slices.IndexFunc(page, of); i >= 0 && o.Subscription != nil {
				page[i].Subscriptions = append(page[i].Subscriptions, *o.Subscription)
			}
		}
		return err
	})
	return wrap(page, err, "read customers to link")
}

func scanAdoption(row sqlrun.Scanner) (a lockstep.Adoption, err error) {
	var customer, identity string
	if err := row.Scan(&a.CustomerID, &a.Account.Kind, &a.Account.ID, &a.Rank, &a.Trust, &customer,
		&identity); err != nil {
		return a, err
	}
	a.Outcome = lockstep.BackfillLinked
	if err := json.Unmarshal([]byte(customer), &a.Customer); err != nil {
		return a, fmt.Errorf("decode customer: %w", err)
	}
	if err := json.Unmarshal([]byte(identity), &a.Identity); err != nil {
		return a, fmt.Errorf("decode identity: %w", err)
	}
	return a, nil
}

// StagedPayments implements [lockstep.Backfills].
func (r *Reads) StagedPayments(ctx context.Context, after string, limit int) ([]lockstep.StagedPayment, error) {
	scan := func(row sqlrun.Scanner) (p lockstep.StagedPayment, err error) {
		err = row.Scan(&p.CheckoutID, &p.Named.Kind, &p.Named.ID, &p.Linked)
		return p, err
	}
	page, err := all(ctx, r, scan, selectStagedPayments, after, limit)
	return wrap(page, err, "read listed payments")
}

// ClaimsOf implements [lockstep.Backfills].
func (r *Reads) ClaimsOf(ctx context.Context, account lockstep.Account) (
	customers []string, contested bool, err error) {
	type claim struct {
		customerID string
		contested  bool
	}
	scan := func(row sqlrun.Scanner) (c claim, err error) {
		err = row.Scan(&c.customerID, &c.contested)
		return c, err
	}
	claims, err := all(ctx, r, scan, selectClaimsOf, account.Kind, account.ID)
	if err != nil {
		return nil, false, fmt.Errorf("read the customers that %s could have: %w", account, err)
	}
	for _, c := range claims {
		customers = append(customers, c.customerID)
		contested = contested || c.contested
	}
	return customers, contested, nil
}

func scanClaimed(row sqlrun.Scanner) (l lockstep.Link, err error) {
	err = row.Scan(&l.CustomerID, &l.Account.Kind, &l.Account.ID)
	return l, err
}
