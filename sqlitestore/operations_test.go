package sqlitestore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// operation is an operation of the store on a number of rows.
type operation struct {
	// fill prepares the database for ?1 rows, in SQL: through the store it would take minutes.
	fill []string
	// do may be called again after an error.
	do func(ctx context.Context, store lockstep.Store, n int) error
	// want lists queries that must each return the number of rows afterwards. The result of the
	// last one grows with each step.
	want []string
	// stumble is the event on which a trigger fails the tenth row; empty: not tried.
	stumble string
}

// rows inserts what a select returns for i from 1 to ?1.
func rows(insert string) string {
	return "with recursive n (i) as (select 1 union all select i + 1 from n where i < ?1) insert into " + insert +
		" from n"
}

func named(prefix string, i int) string { return fmt.Sprintf("%s%05d", prefix, i) }

const (
	oldEvents = `events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, key, generation, status, reason, body)
		select 'stripe', printf('evt_%05d', i), 'invoice.paid', 'delivered', '', '', '', 0, 1, `
	heldAccounts = `accounts (kind, id, state, email, name, identity_updated_at, created_at, updated_at, deletion, deletion_at)
		select 'user', printf('user_%05d', i), 'active', '', '', 0, 1, 1, 'held', (i * 7919) % 1000003`
	// oneRecord: a run that was cut off left no record, and the one that ended left one.
	oneRecord = "select ?1 * (count(*) = 1) from runs"
	dueWork   = "work (key, scope, priority, generation, run_at) "
	theUser   = `insert into accounts (kind, id, state, email, name, identity_updated_at, created_at, updated_at) values ('user', 'user_1', '%s', '', '', 0, 1, 1)`
)

var (
	customer  = lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}
	user      = lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	retention = lockstep.Key{Kind: lockstep.KeySweep, ID: "retention"}
)

// within runs an operation that needs a claim of a key. The lease ends soon, so that a second call
// gets another one.
func within(ctx context.Context, store lockstep.Store, key lockstep.Key, do func(lockstep.Claim) error) error {
	return withinLease(ctx, store, key, time.Millisecond, do)
}

func withinLease(ctx context.Context, store lockstep.Store, key lockstep.Key, lease time.Duration,
	do func(lockstep.Claim) error) error {
	if err := store.Mark(ctx, lockstep.Mark{Key: key}); err != nil {
		return err
	}
	for ctx.Err() == nil {
		claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1000, Lease: lease, MaxPriority: lockstep.Background})
		if err != nil {
			return err
		}
		for _, claim := range claims {
			if claim.Key == key {
				return do(claim)
			}
		}
	}
	return ctx.Err()
}

func finishing(outcome lockstep.Outcome) func(context.Context, lockstep.Store, int) error {
	return func(ctx context.Context, store lockstep.Store, _ int) error {
		return within(ctx, store, customer, func(claim lockstep.Claim) error { return store.Finish(ctx, claim, outcome) })
	}
}

func deciding(decision lockstep.DeletionState) func(context.Context, lockstep.Store, int) error {
	return func(ctx context.Context, store lockstep.Store, _ int) error {
		_, err := store.DecideDeletions(ctx, decision, nil)
		return err
	}
}

func marks(n int) (all []lockstep.Mark) {
	for i := range n {
		all = append(all, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: named("cs_", i+1)}})
	}
	return all
}

// linking links a customer that has parked events and waiting payments.
func linking(ctx context.Context, store lockstep.Store, _ int) error {
	if _, err := store.AccountOfCustomer(ctx, customer.ID); err != nil {
		err := withinLease(ctx, store, customer, time.Minute, func(claim lockstep.Claim) error {
			if err := store.Link(ctx, claim, lockstep.Identity{Account: user}, customer.ID, lockstep.Proven); err != nil {
				return err
			}
			return store.Finish(ctx, claim, lockstep.Outcome{Disposition: lockstep.Done})
		})
		if err != nil {
			return err
		}
	}
	return within(ctx, store, customer.Wake(), func(claim lockstep.Claim) error {
		for {
			if more, err := store.Wake(ctx, claim); !more || err != nil {
				return err
			}
		}
	})
}

var operations = map[string]operation{
	"receive": {
		do: func(ctx context.Context, store lockstep.Store, n int) error {
			var deliveries []lockstep.Delivery
			for i, mark := range marks(n) {
				deliveries = append(deliveries, lockstep.Delivery{Event: lockstep.Event{Source: lockstep.Stripe,
					ID: named("evt_", i+1), Body: []byte("{}")}, Mark: &mark})
			}
			_, err := store.Receive(ctx, deliveries)
			return err
		},
		want:    []string{"select count(*) from events join work using (key, generation)"},
		stumble: "insert on events when new.id = 'evt_00010'",
	},
	"mark": {
		do:      func(ctx context.Context, store lockstep.Store, n int) error { return store.Mark(ctx, marks(n)...) },
		want:    []string{"select count(*) from work"},
		stumble: "insert on work when new.key = 'checkout/cs_00010'",
	},
	"claim": {
		fill: []string{rows(dueWork + "select printf('checkout/cs_%05d', i), 0, 1, 1, 1")},
		do: func(ctx context.Context, store lockstep.Store, n int) error {
			for n > 0 {
				claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1000, Lease: time.Hour,
					MaxPriority: lockstep.Background})
				if n -= len(claims); err != nil {
					return err
				}
			}
			return nil
		},
		want: []string{"select count(*) from work where lease_token <> '' and claimed_generation = 1"},
	},
	"finish": {
		fill:    []string{rows(oldEvents + "'customer/cus_1', 1, 'pending', '', x''")},
		do:      finishing(lockstep.Outcome{Disposition: lockstep.Done, Run: &lockstep.RunReport{}}),
		want:    []string{oneRecord, "select count(*) from events where status = 'done'"},
		stumble: "update of status on events when new.id = 'evt_00010'",
	},
	"park": {
		fill: []string{rows(oldEvents + "'customer/cus_1', 1, 'pending', '', x''")},
		do: finishing(lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody", Run: &lockstep.RunReport{},
			WaitsFor: []lockstep.Key{user.Key()}}),
		want: []string{oneRecord, "select count(*) from events where status = 'parked' and exists (select 1 from work_waits)",
			"select count(*) from events where status = 'parked'"},
		stumble: "update of status on events when new.id = 'evt_00010'",
	},
	"save": {
		do: func(ctx context.Context, store lockstep.Store, n int) error {
			record := lockstep.Record{Account: user}
			for i := range n {
				record.Subscriptions = append(record.Subscriptions, lockstep.Subscription{ID: named("sub_", i+1)})
			}
			return within(ctx, store, user.Key(), func(claim lockstep.Claim) error {
				return store.Save(ctx, claim, lockstep.AccountUpdate{Record: record})
			})
		},
		want:    []string{"select count(*) from subscriptions join accounts on account_id = accounts.id"},
		stumble: "insert on subscriptions when new.id = 'sub_00010'",
	},
	"link": {
		fill: []string{
			rows(oldEvents + "'customer/cus_1', 1, 'parked', 'nobody', x''"),
			rows("work (key, scope, priority, generation, done_generation, run_at, disposition) select printf('checkout/cs_%05d', i), 0, 1, 1, 1, 1, 'parked'"),
			rows("work_waits (key, waits_for) select printf('checkout/cs_%05d', i), 'customer/cus_1'"),
		},
		do: linking,
		want: []string{"select count(*) from events where key = 'user/user_1' and status = 'pending'",
			"select count(*) from work where key like 'checkout/%' and generation > done_generation"},
		stumble: "update of generation on work when new.key = 'checkout/cs_00010'",
	},
	"enable an endpoint": {
		fill: []string{rows("hook_deliveries (endpoint, subject, state, status, reason, attempts, sequence, began_at, at) select 'app', printf('access:user/user_%05d', i), 'held', 0, '', 0, 0, 0, (i * 7919) % 1000003")},
		do: func(ctx context.Context, store lockstep.Store, _ int) error {
			_, err := store.EnableWebhookEndpoint(ctx, "app")
			return err
		},
		want: []string{"select count(*) from hook_deliveries where state = 'pending'",
			"select count(*) from work where key like 'hook/app/%'"},
		stumble: "update on hook_deliveries when new.subject = 'access:user/user_00010'",
	},
	"approve deletions": {
		fill: []string{rows(heldAccounts)},
		do:   deciding(lockstep.DeletionApproved),
		want: []string{"select count(*) from accounts where deletion = 'approved'", "select count(*) from work",
			"select count(*) from changes"},
		stumble: "update of deletion on accounts when new.id = 'user_00010'",
	},
	"discard deletions": {
		fill:    []string{rows(heldAccounts)},
		do:      deciding(lockstep.DeletionDiscarded),
		want:    []string{"select count(*) from accounts where deletion = 'discarded'"},
		stumble: "update of deletion on accounts when new.id = 'user_00010'",
	},
	"forget": {
		fill: []string{fmt.Sprintf(theUser, "deleted"), rows(oldEvents + "'user/user_1', 1, 'done', '', randomblob(200)")},
		do: func(ctx context.Context, store lockstep.Store, _ int) error {
			_, err := store.Forget(ctx, user)
			return err
		},
		want:    []string{"select count(*) from events where body = x'7b7d'"},
		stumble: "update of body on events when new.id = 'evt_00010'",
	},
	"expire bodies": {
		fill: []string{rows(oldEvents + "null, 0, 'ignored', '', randomblob(200)")},
		do: func(ctx context.Context, store lockstep.Store, _ int) error {
			return within(ctx, store, retention, func(claim lockstep.Claim) error {
				for {
					if more, err := store.ExpireBodies(ctx, claim, time.Hour); !more || err != nil {
						return err
					}
				}
			})
		},
		want: []string{"select count(*) from events where length(body) = 0"},
	},
	"expire events": {
		fill: []string{rows(oldEvents + "null, 0, 'ignored', '', x''")},
		do: func(ctx context.Context, store lockstep.Store, _ int) error {
			return within(ctx, store, retention, func(claim lockstep.Claim) error {
				for after := ""; ; {
					next, _, err := store.ExpireEvents(ctx, claim, time.Hour, after)
					if after = next; next == "" || err != nil {
						return err
					}
				}
			})
		},
		want: []string{"select ?1 - count(*) from events"},
	},
	"expire runs": {
		fill: []string{rows("runs select i, printf('user/user_%05d', i), 1, 1, 0, 1, 0, 0, 'done', '', '', 0, '', '{}', 1, 0")},
		do: func(ctx context.Context, store lockstep.Store, _ int) error {
			return within(ctx, store, retention, func(claim lockstep.Claim) error {
				for after := ""; ; {
					next, _, err := store.ExpireRuns(ctx, claim, time.Hour, after)
					if after = next; next == "" || err != nil {
						return err
					}
				}
			})
		},
		want: []string{"select ?1 - count(*) from runs"},
	},
	"save a cursor": {
		do: func(ctx context.Context, store lockstep.Store, n int) error {
			return within(ctx, store, retention, func(claim lockstep.Claim) error {
				return store.SaveCursor(ctx, claim,
					"events", "here", marks(n))
			})
		},
		want: []string{"select count(*) from work join cursors on value = 'here' where key like 'checkout/%'",
			"select count(*) from work where key like 'checkout/%'"},
		stumble: "insert on work when new.key = 'checkout/cs_00010'",
	},
	"sight": {
		fill: []string{rows(heldAccounts)},
		do: func(ctx context.Context, store lockstep.Store, n int) error {
			var identities []lockstep.Identity
			for i := range n {
				identities = append(identities, lockstep.Identity{Account: lockstep.Account{Kind: lockstep.User,
					ID: named("user_", i+1)}})
			}
			return within(ctx, store, retention, func(claim lockstep.Claim) error {
				_, err := store.RecordListed(ctx, claim, 7, identities)
				return err
			})
		},
		want:    []string{"select count(*) from accounts where sighted_round = 7"},
		stumble: "update of sighted_round on accounts when new.id = 'user_00010'",
	},
}
