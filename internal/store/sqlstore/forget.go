package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	selectEventsUnder Statement = `
select seq from events where key = $1 and status in ('pending', 'parked', 'failed')
union all
select seq from events where key = $1 and status = 'done'`

	// SelectIgnored reads the ignored events of a source, which have no key, with their bodies, in
	// which the caller looks for ids. A remote database replaces it by a statement that looks for
	// them itself: $2 is a JSON list of the ids.
	SelectIgnored Statement = `
select seq, body from events where key is null and source = $1 and body <> $3 and $2 <> ''`

	// BlankEvent blanks the body of one event. A database that stores bodies in another table
	// replaces it.
	BlankEvent Statement = `update events set body = $2 where seq = $1 and body <> $2 returning seq`
)

// forgotten replaces a body that was forgotten: an empty JSON object.
var forgotten = []byte("{}")

// Forget implements [lockstep.Accounts]. No index says which account an ignored event is about, so
// it reads all ignored events. Writers do not wait for that.
func (s *Store) Forget(ctx context.Context, account lockstep.Account) (events int64, err error) {
	var about []int64
	var keys []lockstep.Key
	err = s.read(ctx, func(t *tx) (err error) {
		keys, about, err = t.about(ctx, account)
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
	if err == nil {
		err = s.forgetRuns(ctx, keys)
	}
	if err != nil { // some steps may be committed
		return events, fmt.Errorf("forget %s: %w", account, err)
	}
	return events, nil
}

// about returns the keys of a deleted account, and the numbers of the events about it.
func (t *tx) about(ctx context.Context, account lockstep.Account) (keys []lockstep.Key, all []int64, err error) {
	keys, ids, err := t.traces(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	for _, key := range keys {
		of, err := collect(ctx, t, scanNumber, selectEventsUnder, key.String())
		if err != nil {
			return nil, nil, err
		}
		all = append(all, of...)
	}
	ignored, err := t.ignoredNaming(ctx, ids)
	return keys, append(all, ignored...), err
}

// blank blanks the bodies of events. It returns how many were not blank before.
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

// deleted reads an account that must be deleted; otherwise it returns ErrInUse.
func (t *tx) deleted(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	record, err := t.account(ctx, account)
	if err == nil && record.State != lockstep.AccountDeleted {
		err = lockstep.ErrInUse
	}
	return record, err
}

// traces returns the keys of events about a deleted account, and the ids that other events may
// name.
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
	for _, f := range former { // its ids in former instances
		keys, ids = append(keys, f.Key()), append(ids, f.ID)
	}
	licenses, err := t.licenses(ctx, account)()
	if err != nil {
		return nil, nil, err
	}
	for _, l := range licenses {
		keys = append(keys, lockstep.Key{Kind: lockstep.KeyCheckout, ID: l.ID},
			lockstep.Key{Kind: lockstep.KeyPayment, ID: l.PaymentID})
		ids = append(ids, l.ID, l.PaymentID) // a guest's charge names no account or customer, but has an address
	}
	return keys, slices.DeleteFunc(ids, func(id string) bool { return id == "" }), nil
}

// ignoredNaming returns the ignored events whose bodies name one of the ids.
func (t *tx) ignoredNaming(ctx context.Context, ids []string) (found []int64, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("encode ids: %w", err)
	}
	named := func(row sqlrun.Scanner) (seq int64, err error) {
		var body []byte
		if err := row.Scan(&seq, &body); err != nil {
			return 0, err
		}
		if !slices.ContainsFunc(ids, func(id string) bool { return bytes.Contains(body, []byte(id)) }) {
			return 0, nil // no event has this number
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
