package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// SelectInherits reads the unsettled work of a customer's key. With several writers it locks
	// the row, so nobody adds to it any more.
	SelectInherits Statement = `
select scope | claimed_scope, attempts, disposition from work
where key = $1 and (generation > done_generation or disposition in ('parked', 'failed'))`

	updateLinkedSeq Statement = `
update accounts set linked_seq = (select seq from change_count where id = 1) where kind = $1 and id = $2`

	moveEvents Statement = `
update events set key = $2, generation = (select generation from work where key = $2), status = 'pending', reason = ''
where seq in (select seq from events where key = $1 and status in ('pending', 'parked', 'failed') limit $3 + 0)`

	selectSomeWaiting Statement = `select key from work_waits where waits_for = $1 order by key limit $2 + 0`

	// settleUnheld settles a key, unless a run holds it at the time $2.
	settleUnheld Statement = `
update work set
	done_generation = generation,
	scope = 0, claimed_scope = 0, lease_token = '', lease_until = 0,
	attempts = 0, disposition = 'done', reason = ''
where key = $1 and lease_until <= $2`
)

// news is a new account, or a new link of an account to a customer.
type news struct {
	account    lockstep.Account
	customerID string // empty: the link is not new
}

// announce wakes the keys that wait for an account or its customer, at the end of the transaction.
// By then its change has its number, so a run that parks at the same time either sees the account
// or is seen waiting.
func (t *tx) announce(account lockstep.Account, customerID string) {
	t.news = append(t.news, news{account, customerID})
}

// wakeWaiting wakes the keys that wait for the announced accounts and customers.
func (t *tx) wakeWaiting(ctx context.Context) error {
	for _, n := range t.news {
		t.queue(updateLinkedSeq, n.account.Kind, n.account.ID)
		keys := []lockstep.Key{n.account.Key()}
		if n.customerID != "" {
			keys = append(keys, customerKey(n.customerID))
		}
		if err := t.wake(ctx, keys...); err != nil {
			return err
		}
	}
	return nil
}

// wake marks the keys that wait for any of keys. The mark of a customer that was linked meanwhile
// lands on its account. If more keys wait than fit into a transaction, it leaves all of them to
// [Store.Wake].
func (t *tx) wake(ctx context.Context, keys ...lockstep.Key) error {
	most := t.dialect.step(4)
	var answers []func() ([]lockstep.Key, error)
	for _, key := range keys {
		answers = append(answers, ask(ctx, t, scanKey, selectSomeWaiting, key.String(), most+1))
	}
	var woken, rest []lockstep.Key
	for i, waiting := range answers {
		waiting, err := waiting()
		if err != nil {
			return fmt.Errorf("read what waits for %s: %w", keys[i], err)
		}
		if len(waiting) > most {
			rest = append(rest, keys[i])
		} else {
			woken = append(woken, waiting...)
		}
	}
	t.mark(marksOf(woken)...)
	for _, key := range rest {
		t.wakeRest(key)
	}
	return nil
}

// inherits reports whether an account that is linked to the customer takes over work from it, and
// with which scope. Once a run has tried, the scope is everything: what the run took may be lost.
func (t *tx) inherits(ctx context.Context, customerID string) (scope lockstep.Scope, inherits bool, err error) {
	left, err := collectOne(ctx, t, scanUnsettled, SelectInherits, customerKey(customerID).String())
	if errors.Is(err, lockstep.ErrNotFound) {
		return 0, false, nil
	}
	if left.attempts > 0 || left.disposition == lockstep.Parked || left.disposition == lockstep.Failed {
		left.scope = lockstep.ScopeAll
	}
	return left.scope, err == nil, err
}

// unsettled is the work left under a key.
type unsettled struct {
	scope       lockstep.Scope
	attempts    int
	disposition lockstep.Disposition
}

func scanUnsettled(row sqlrun.Scanner) (u unsettled, err error) {
	err = row.Scan(&u.scope, &u.attempts, &u.disposition)
	return u, err
}

// inherit gives an account the work of its customer's key: it marks the account with the scope and
// moves the open events there, to be settled with that mark. It settles the customer's own row and
// deletes its waits; if a run holds the row, the run ends it. The row is settled before the events
// move: a transaction that is marking it has then committed, so no event is left under a key that
// is not pending.
func (t *tx) inherit(ctx context.Context, account lockstep.Account, customerID string, scope lockstep.Scope) error {
	customer := customerKey(customerID).String()
	t.queue(settleUnheld, customer, t.now())
	t.mark(lockstep.Mark{Key: account.Key(), Scope: scope, Priority: lockstep.Normal})
	t.queue(deleteWaits, customer)
	more, err := t.moveEvents(ctx, account, customer)
	if more {
		t.wakeRest(customerKey(customerID))
	}
	return err
}

// moveEvents moves open events of a customer, or of a former account, to an account, and reports
// whether there may be more.
func (t *tx) moveEvents(ctx context.Context, account lockstep.Account, from string) (more bool, err error) {
	most := t.dialect.step(2)
	n, err := t.exec(ctx, moveEvents, from, account.Key().String(), most)
	if err != nil {
		return false, fmt.Errorf("move events of %s: %w", from, err)
	}
	return n == int64(most), nil
}

func customerKey(customerID string) lockstep.Key {
	return lockstep.Key{Kind: lockstep.KeyCustomer, ID: customerID}
}
