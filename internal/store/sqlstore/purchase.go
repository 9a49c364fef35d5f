package sqlstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// An idempotency key counts from its first use, so a number that is used again keeps its time. A new number is
	// the time, if that is higher: a database that was restored from a backup must not give a number again whose
	// key Stripe still knows.
	takeLock Statement = `
insert into purchases (kind, id, token, lease_until, number, fingerprint, settled, began_at)
values ($1, $2, $3, $4, $6, $5, 0, $6)
on conflict (kind, id) do update set
	number = case when purchases.settled = 0 and purchases.fingerprint = excluded.fingerprint and purchases.began_at > $7
		then purchases.number
		when purchases.number < excluded.number then excluded.number else purchases.number + 1 end,
	began_at = case when purchases.settled = 0 and purchases.fingerprint = excluded.fingerprint and purchases.began_at > $7
		then purchases.began_at else excluded.began_at end,
	token = excluded.token, lease_until = excluded.lease_until, fingerprint = excluded.fingerprint, settled = 0
where purchases.lease_until <= $6`

	selectLockNumber Statement = `select number from purchases where kind = $1 and id = $2`

	endLock Statement = `
update purchases set lease_until = 0, token = '', settled = $4 where kind = $1 and id = $2 and token = $3`
)

// lockLife is how long an idempotency key is used. Stripe guarantees 24 hours.
const lockLife = 23 * time.Hour

// BeginPurchase implements [lockstep.Purchases].
func (s *Store) BeginPurchase(ctx context.Context, account lockstep.Account, fingerprint string,
	lease time.Duration) (lockstep.PurchaseLock, error) {
	lock := lockstep.PurchaseLock{Account: account, Token: rand.Text()}
	err := s.write(ctx, func(t *tx) error {
		taken, err := t.exec(ctx, takeLock, account.Kind, account.ID, lock.Token, t.now()+lease.Milliseconds(), fingerprint,
			t.now(), t.now()-lockLife.Milliseconds())
		if err != nil {
			return err
		}
		if taken == 0 {
			return lockstep.ErrBusy
		}
		lock.Number, err = collectOne(ctx, t, scanNumber, selectLockNumber, account.Kind, account.ID)
		return err
	})
	return wrap(lock, err, "begin purchase of %s", account)
}

// EndPurchase implements [lockstep.Purchases].
func (s *Store) EndPurchase(ctx context.Context, lock lockstep.PurchaseLock, settled bool) error {
	err := s.write(ctx, func(t *tx) error {
		ended, err := t.exec(ctx, endLock, lock.Account.Kind, lock.Account.ID, lock.Token, bit(settled))
		if err == nil && ended == 0 {
			err = lockstep.ErrLeaseLost
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("end purchase of %s: %w", lock.Account, err)
	}
	return nil
}
