package checkouts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// customerPatience is how long an order waits for its customer: the worker
// creates it under the account's lease, so that two orders never make two.
const customerPatience = 10 * time.Second

// customer returns the account's customer. If there is none, or scope asks for a
// look, the worker is told and waited for.
func (d *Service) customer(ctx context.Context, account lockstep.Account, scope lockstep.Scope) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, customerPatience)
	defer cancel()
	record, err := d.Store.Account(ctx, account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", err
	}
	if record.State == lockstep.AccountDeleted {
		return "", &RefusedError{DeletedAccount, "the account was deleted in the directory"}
	}
	if scope == 0 && record.Live() {
		return record.CustomerID, nil
	}
	mark := lockstep.Mark{Key: account.Key(), Scope: scope | lockstep.ScopeIdentity | lockstep.ScopePurchase,
		Priority: lockstep.Interactive}
	if err := d.Store.Mark(ctx, mark); err != nil {
		return "", err
	}
	d.Wake()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		work, err := d.Store.Work(ctx, account.Key())
		if err != nil {
			return "", err
		}
		record, err := d.Store.Account(ctx, account)
		switch {
		case err != nil && !errors.Is(err, lockstep.ErrNotFound):
			return "", err
		case err == nil && record.Live() && (scope == 0 || !work.Pending()):
			return record.CustomerID, nil
		case ended(work) && work.Disposition == lockstep.Parked:
			return "", &RefusedError{UnknownAccount, "the directory does not know this account"}
		case ended(work):
			return "", &RefusedError{NoCustomer, fmt.Sprintf("no customer could be made for this account: %s", work.Reason)}
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-look.C:
		}
	}
}

// ended reports whether the account's run is over: the queue holds at most the later look
// that a failed run scheduled.
func ended(work lockstep.Work) bool {
	later := work.Disposition == lockstep.Failed && work.LeaseUntil.IsZero() &&
		work.RunAt.After(time.Now().Add(time.Minute))
	return !work.Pending() || later
}
