package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

const (
	selectEventsUnder Statement = `select seq from events where key = $1`

	// SelectIgnored reads what was ignored, and so is under no key, with the bodies, in which
	// ids are looked for. A database that is elsewhere replaces it by a statement that looks for
	// them itself: $2 is a JSON list of them.
	SelectIgnored Statement = `
select seq, body from events where key is null and source = $1 and body <> $3 and $2 <> ''`

	// BlankEvent blanks what is stored of one event. A database that keeps bodies apart
	// replaces it.
	BlankEvent Statement = `update events set body = $2 where seq = $1 and body <> $2 returning seq`
)

// forgotten is what stands for a body that was forgotten: JSON that says nothing.
var forgotten = []byte("{}")

// Forget implements [lockstep.Accounts]. What was ignored has no index by whom it is about, so
// that all of it is read; but nobody who writes waits for that.
func (s *Store) Forget(ctx context.Context, account lockstep.Account) (events int64, err error) {
	var about []int64
	err = s.read(ctx, func(t *tx) (err error) {
		about, err = t.about(ctx, account)
		return err
	})
	for some := range slices.Chunk(about, s.step(1)) {
		if err != nil {
			break
		}
		blanked := int64(0)
		err = s.write(ctx, func(t *tx) (err error) {
			if _, err := t.deleted(ctx, account); err != nil {
				return err
			}
			blanked, err = t.blank(ctx, some)
			return err
		})
		if err == nil {
			events += blanked
		}
	}
	if err != nil {
		return events, fmt.Errorf("forget %s: %w", account, err)
	}
	return events, nil
}

// about are the numbers of the events about a deleted account.
func (t *tx) about(ctx context.Context, account lockstep.Account) (all []int64, err error) {
	keys, ids, err := t.traces(ctx, account)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		of, err := collect(ctx, t, scanNumber, selectEventsUnder, key.String())
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	ignored, err := t.ignoredNaming(ctx, ids)
	return append(all, ignored...), err
}

// blank blanks the bodies of events, and returns how many were not blank before.
func (t *tx) blank(ctx context.Context, events []int64) (blanked int64, err error) {
	var answers []func() ([]int64, error)
	for _, seq := range events {
		answers = append(answers, ask(ctx, t, scanNumber, BlankEvent, seq, forgotten))
	}
	for _, answer := range answers {
		was, err := answer()
		if err != nil {
			return 0, err
		}
		blanked += int64(len(was))
	}
	return blanked, nil
}

// deleted reads an account that must be; ErrInUse: it is not.
func (t *tx) deleted(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	record, err := t.account(ctx, account)
	if err == nil && record.State != lockstep.AccountDeleted {
		err = lockstep.ErrInUse
	}
	return record, err
}

// traces are the keys under which there are events about a deleted account, and the ids that
// others may name.
func (t *tx) traces(ctx context.Context, account lockstep.Account) (keys []lockstep.Key, ids []string, err error) {
	record, err := t.deleted(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	keys, ids = []lockstep.Key{account.Key()}, []string{account.ID}
	further, err := collect(ctx, t, scanLink, selectFurther, account.Kind, account.ID)
	if err != nil {
		return nil, nil, err
	}
	customers := []string{record.CustomerID}
	for _, l := range further {
		customers = append(customers, l.CustomerID)
	}
	for _, id := range customers {
		keys, ids = append(keys, lockstep.Key{Kind: lockstep.KeyCustomer, ID: id}), append(ids, id)
	}
	former, err := collect(ctx, t, scanAccount, selectPredecessors, account.Kind, account.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range former { // the ids that it had in former instances
		keys, ids = append(keys, f.Key()), append(ids, f.ID)
	}
	licenses, err := t.licenses(ctx, account)()
	if err != nil {
		return nil, nil, err
	}
	for _, l := range licenses {
		keys = append(keys, lockstep.Key{Kind: lockstep.KeyCheckout, ID: l.ID},
			lockstep.Key{Kind: lockstep.KeyPayment, ID: l.PaymentID})
		ids = append(ids, l.ID, l.PaymentID) // a guest's charge names neither account nor customer, but has an address
	}
	return keys, slices.DeleteFunc(ids, func(id string) bool { return id == "" }), nil
}

// ignoredNaming are the ignored events whose bodies name one of the ids.
func (t *tx) ignoredNaming(ctx context.Context, ids []string) (found []int64, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("encode ids: %w", err)
	}
	named := func(row Scanner) (seq int64, err error) {
		var body []byte
		if err := row.Scan(&seq, &body); err != nil {
			return 0, err
		}
		if !slices.ContainsFunc(ids, func(id string) bool { return bytes.Contains(body, []byte(id)) }) {
			return 0, nil // which no event has
		}
		return seq, nil
	}
	for _, source := range []lockstep.Source{lockstep.Clerk, lockstep.Stripe} {
		looked, err := collect(ctx, t, named, SelectIgnored, source, string(list), forgotten)
		if err != nil {
			return nil, err
		}
		found = append(found, slices.DeleteFunc(looked, func(seq int64) bool { return seq == 0 })...)
	}
	return found, nil
}
