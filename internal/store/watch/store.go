package watch

import (
	"context"

	"github.com/lockstep-dev/lockstep"
)

// Store wraps store, so that the next read of this process sees each write at once instead of within
// Config.Poll. Writes that bypass the wrapper are seen like those of other processes.
func (w *Watch) Store(store lockstep.Store) lockstep.Store { return writes{store, w} }

type writes struct {
	lockstep.Store
	watch *Watch
}

// Each write is noted even if it fails: after an error, the transaction may be committed or not.

func (s writes) Save(ctx context.Context, claim lockstep.Claim, change lockstep.AccountUpdate) error {
	defer s.watch.wrote()
	return s.Store.Save(ctx, claim, change)
}

func (s writes) SaveProjected(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
	projected map[string]any) error {
	defer s.watch.wrote()
	return s.Store.SaveProjected(ctx, claim, account, projected)
}

func (s writes) Link(ctx context.Context, claim lockstep.Claim, identity lockstep.Identity, customerID string,
	trust lockstep.Trust) error {
	defer s.watch.wrote()
	return s.Store.Link(ctx, claim, identity, customerID, trust)
}

func (s writes) Release(ctx context.Context, claim lockstep.Claim, customerID string) error {
	defer s.watch.wrote()
	return s.Store.Release(ctx, claim, customerID)
}

func (s writes) Unlink(ctx context.Context, customerID string) (lockstep.Account, error) {
	defer s.watch.wrote()
	return s.Store.Unlink(ctx, customerID)
}

func (s writes) ChoosePrimary(ctx context.Context, account lockstep.Account, customerID string) error {
	defer s.watch.wrote()
	return s.Store.ChoosePrimary(ctx, account, customerID)
}

func (s writes) Assign(ctx context.Context, key lockstep.Key, account lockstep.Account) error {
	defer s.watch.wrote()
	return s.Store.Assign(ctx, key, account)
}

func (s writes) SaveLicense(ctx context.Context, claim lockstep.Claim, license lockstep.License,
	notices []lockstep.Notice) error {
	defer s.watch.wrote()
	return s.Store.SaveLicense(ctx, claim, license, notices)
}

func (s writes) Adopt(ctx context.Context, claim lockstep.Claim, cursor string, adoptions []lockstep.Adoption,
	marks []lockstep.Mark) error {
	defer s.watch.wrote()
	return s.Store.Adopt(ctx, claim, cursor, adoptions, marks)
}
