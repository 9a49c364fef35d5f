package checkouts

import (
	"context"
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// customerPatience is how long an order waits for its customer. The worker creates the customer under
// the account's lease, so that two orders never create two.
const customerPatience = 10 * time.Second

// customer returns the account's customer. Without one, or if scope asks for a sync, it marks the account
// and waits for the worker.
func (s *Service) customer(ctx context.Context, account lockstep.Account, scope lockstep.Scope) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, customerPatience)
	defer cancel()
	record, err := s.Store.Account(ctx, account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", err
	}
	if record.State == lockstep.AccountDeleted {
		return "", &RefusedError{DeletedAccount, "account: it was deleted in the directory"}
	}
	if scope == 0 && record.Live() {
		return record.CustomerID, nil
	}
	mark := lockstep.Mark{Key: account.Key(), Scope: scope | lockstep.ScopeIdentity | lockstep.ScopePurchase,
		Priority: lockstep.Interactive}
	if err := s.Store.Mark(ctx, mark); err != nil {
		return "", err
	}
	s.Wake()
	return s.awaitCustomer(ctx, account, scope)
}

// awaitCustomer waits until the worker has created the customer, or cannot. It waits for the run of the
// mark that was just made, and not for a later one: the events of a new customer cause that.
func (s *Service) awaitCustomer(ctx context.Context, account lockstep.Account, scope lockstep.Scope) (string, error) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for generation := int64(0); ; {
		// Read the work first: when it is done, the record that is read afterwards is its result.
		work, err := s.Store.Work(ctx, account.Key())
		if err != nil {
			return "", err
		}
		if generation == 0 {
			generation = work.Generation
		}
		done := work.DoneGeneration >= generation
		record, err := s.Store.Account(ctx, account)
		switch {
		case err != nil && !errors.Is(err, lockstep.ErrNotFound):
			return "", err
		case err == nil && record.Live() && (scope == 0 || done):
			return record.CustomerID, nil
		case done && work.Disposition == lockstep.Parked:
			return "", &RefusedError{UnknownAccount, "account: the directory does not know it"}
		case done || postponed(work):
			return "", &RefusedError{NoCustomer, "account: no customer could be created: " + work.Reason}
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-look.C:
		}
	}
}

// postponed reports whether the account's sync has failed and is retried much later.
func postponed(work lockstep.Work) bool {
	return work.Pending() && work.Disposition == lockstep.Failed && work.LeaseUntil.IsZero() &&
		work.RunAt.After(time.Now().Add(time.Minute))
}
