package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	// SelectInherits is what there is under a customer's key that is not settled. Where there
	// are several writers nobody adds to it from here on.
	SelectInherits Statement = `
select scope | claimed_scope, attempts, disposition from work
where key = $1 and (generation > done_generation or disposition in ('parked', 'failed'))`

	updateLinkedSeq Statement = `
update accounts set linked_seq = (select seq from change_count where id = 1) where kind = $1 and id = $2`

	moveEvents Statement = `
update events set key = $2, generation = (select generation from work where key = $2), status = 'pending', reason = ''
where seq in (select seq from events where key = $1 and status in ('pending', 'parked', 'failed') limit $3)`

	selectSomeWaiting Statement = `select key from work_waits where waits_for = $1 order by key limit $2`

	// settleUnheld settles a key, unless a run holds it at $2.
	settleUnheld Statement = `
update work set
	done_generation = generation,
	scope = 0, claimed_scope = 0, lease_token = '', lease_until = 0,
	attempts = 0, disposition = 'done', reason = ''
where key = $1 and lease_until <= $2`
)

// news is an account that is new, or its link to a customer.
type news struct {
	account    lockstep.Account
	customerID string // empty: it was linked before, or is not
}

// announce has those woken who wait for an account or its customer, at the end of the
// transaction: when its change has its number, so that whoever parks at the same time
// either sees the account or is seen waiting.
func (t *tx) announce(account lockstep.Account, customerID string) {
	t.news = append(t.news, news{account, customerID})
}

// tellNews does what was announced.
func (t *tx) tellNews(ctx context.Context) error {
	for _, n := range t.news {
		if err := t.later(ctx, updateLinkedSeq, n.account.Kind, n.account.ID); err != nil {
			return fmt.Errorf("number the link of %s: %w", n.account, err)
		}
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

// wake marks what waits for an account that is new, or for its link that is new.
// A waiting customer that is linked by now is its account's concern. If more keys wait than fit into a
// transaction, it leaves all of them to [Store.Wake].
func (t *tx) wake(ctx context.Context, keys ...lockstep.Key) error {
	most := t.pool.dialect.step(4)
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
	if err := t.mark(ctx, marksOf(woken)); err != nil {
		return err
	}
	for _, key := range rest {
		if err := t.wakeRest(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// inherits reports whether an account that is linked to the customer takes over
// anything from it, and what may have changed about it. That is all there is, once a run
// has tried: what it took with it may be gone with it.
func (t *tx) inherits(ctx context.Context, customerID string) (scope lockstep.Scope, inherits bool, err error) {
	var attempts int
	var disposition lockstep.Disposition
	err = t.row(ctx, SelectInherits, customerKey(customerID).String()).Scan(&scope, &attempts, &disposition)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if attempts > 0 || disposition == lockstep.Parked || disposition == lockstep.Failed {
		scope = lockstep.ScopeAll
	}
	return scope, err == nil, err
}

// inherit gives an account what there is under its customer's key: it marks the
// account with the scope and moves the open events there, to be settled with that mark.
// The customer's own row is settled and waits for nothing; if a run holds it, the
// run ends it. It is settled before the events are moved: whoever is marking it has then
// committed, so that an event is not left where nothing is pending any more.
func (t *tx) inherit(ctx context.Context, account lockstep.Account, customerID string, scope lockstep.Scope) error {
	customer := customerKey(customerID).String()
	if err := t.later(ctx, settleUnheld, customer, t.now()); err != nil {
		return fmt.Errorf("settle %s: %w", customer, err)
	}
	if err := t.markRouted(ctx, lockstep.Mark{Key: account.Key(), Scope: scope, Priority: lockstep.Normal}); err != nil {
		return err
	}
	if err := t.later(ctx, deleteWaits, customer); err != nil {
		return fmt.Errorf("delete waits of %s: %w", customer, err)
	}
	more, err := t.moveEvents(ctx, account, customer)
	if err != nil || !more {
		return err
	}
	return t.wakeRest(ctx, customerKey(customerID))
}

// moveEvents moves open events of a customer, or of a former account, to an account, and reports
// whether there may be more.
func (t *tx) moveEvents(ctx context.Context, account lockstep.Account, from string) (more bool, err error) {
	most := t.pool.dialect.step(2)
	n, err := t.exec(ctx, moveEvents, from, account.Key().String(), most)
	if err != nil {
		return false, fmt.Errorf("move events of %s: %w", from, err)
	}
	return n == int64(most), nil
}

func customerKey(customerID string) lockstep.Key {
	return lockstep.Key{Kind: lockstep.KeyCustomer, ID: customerID}
}
