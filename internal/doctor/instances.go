package doctor

import (
	"context"
	"errors"

	"github.com/lockstep-dev/lockstep"
)

var (
	foreignMode = problem("stripe_mode_foreign", failure,
		"Lockstep changes nothing under this key, because the customers in the database do not exist in its mode",
		"set STRIPE_SECRET_KEY to a key of the database's mode, or start with an empty database")
	foreignInstance = problem("clerk_instance_foreign", failure,
		"Lockstep deletes and creates nothing, because every known user looks deleted under this key",
		"restart with the former CLERK_SECRET_KEY; if the business moved, run lockstep instance show")
	orphans = problem("accounts_without_successor", warning,
		"what these accounts have paid for gives nobody access", "run lockstep instance show")
)

// instances compares the keys with the instances that the database belongs to.
func instances(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	for _, compare := range []func(context.Context, *Installation) ([]lockstep.Finding, error){stripeMode, clerkInstance} {
		some, err := compare(ctx, in)
		if err != nil {
			some = []lockstep.Finding{unfinished.found("%v", err)}
		}
		found = append(found, some...)
	}
	return orFine(found, "the keys belong to the instances of the database")
}

func stripeMode(ctx context.Context, in *Installation) ([]lockstep.Finding, error) {
	accepted, err := in.Store.Instance(ctx, lockstep.Stripe)
	mode := "test"
	if live(in.Stripe.Key) {
		mode = "live"
	}
	switch {
	case errors.Is(err, lockstep.ErrNotFound), in.Stripe.Key == "":
		return nil, nil
	case err != nil:
		return nil, err
	case accepted.ID != mode:
		return []lockstep.Finding{foreignMode.found("the key is a %s key, but the database holds %s customers", mode, accepted.ID)}, nil
	}
	return nil, nil
}

func clerkInstance(ctx context.Context, in *Installation) ([]lockstep.Finding, error) {
	if in.Clerk == nil || in.Clerk.Client == nil || in.askClerk(ctx).instance == "" {
		return nil, nil // the key's check reports it
	}
	own := in.askClerk(ctx).instance
	accepted, err := in.Store.Instance(ctx, lockstep.Clerk)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case accepted.ID != own:
		return []lockstep.Finding{foreignInstance.fixedBy("restart with the former CLERK_SECRET_KEY; if the business moved, run lockstep instance accept %s", own).
			found("the key belongs to %s, but the database to %s", own, accepted.ID)}, nil
	}
	former, err := in.Store.FormerAccounts(ctx, lockstep.FormerAccount{}, 1)
	if err != nil || len(former) == 0 {
		return nil, err
	}
	return []lockstep.Finding{orphans.found("some accounts of a former instance have no successor")}, nil
}
