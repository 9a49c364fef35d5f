package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	// BlankBodies blanks what is stored of a key's events. A database that keeps bodies
	// apart replaces it.
	BlankBodies Statement = `update events set body = $2 where key = $1 and body <> $2`

	// BlankIgnored blanks what was ignored, and so is under no key, by an id in its body. A
	// database whose instr does not search bytes replaces it.
	BlankIgnored Statement = `update events set body = $3 where key is null and source = $1 and instr(body, $2) > 0 and body <> $3`

	selectFormer Statement = `select customer_id from former_customers where kind = $1 and id = $2`
)

// forgotten is what stands for a body that was forgotten: JSON that says nothing.
var forgotten = []byte("{}")

// Forget implements [lockstep.Ledger].
func (s *Store) Forget(ctx context.Context, account lockstep.Account) (events int64, err error) {
	err = s.write(ctx, func(t *tx) error {
		record, err := t.account(ctx, account)
		if err != nil {
			return err
		}
		if record.State != lockstep.AccountDeleted {
			return lockstep.ErrInUse
		}
		keys, ids := []lockstep.Key{account.Key()}, []string{account.ID}
		customers, err := collect(ctx, t, text, selectFormer, account.Kind, account.ID)
		if err != nil {
			return err
		}
		for _, id := range append(customers, record.CustomerID) {
			keys, ids = append(keys, lockstep.Key{Kind: lockstep.KeyCustomer, ID: id}), append(ids, id)
		}
		licenses, err := t.licenses(ctx, account)()
		if err != nil {
			return err
		}
		for _, l := range licenses {
			keys = append(keys, lockstep.Key{Kind: lockstep.KeyCheckout, ID: l.ID}, lockstep.Key{Kind: lockstep.KeyPayment, ID: l.PaymentID})
			ids = append(ids, l.ID, l.PaymentID) // a guest's charge names neither account nor customer, but has an address
		}
		events = 0
		for _, key := range keys {
			n, err := t.exec(ctx, BlankBodies, key.String(), forgotten)
			if err != nil {
				return err
			}
			events += n
		}
		for _, id := range ids {
			if id == "" {
				continue
			}
			for _, source := range []lockstep.Source{lockstep.Clerk, lockstep.Stripe} {
				n, err := t.exec(ctx, BlankIgnored, source, []byte(id), forgotten)
				if err != nil {
					return err
				}
				events += n
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("forget %s: %w", account, err)
	}
	return events, nil
}
