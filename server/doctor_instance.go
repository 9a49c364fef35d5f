package server

import (
	"context"
	"errors"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// diagnoseInstances checks that the keys belong to the same instances as the database.
func diagnoseInstances(ctx context.Context, c Config) Finding {
	f := Finding{What: "instances", Level: Failure}
	billing, err := stripebilling.New(stripebilling.Config{Key: c.Stripe.Key, BaseURL: c.Stripe.BaseURL,
		HTTPClient: c.Stripe.HTTPClient})
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	accepted, err := c.Store.Instance(ctx, lockstep.Stripe)
	switch own := mode(billing.Live()); {
	case errors.Is(err, lockstep.ErrNotFound):
	case err != nil:
		f.Detail = err.Error()
		return f
	case accepted.ID != own:
		f.Detail = "the Stripe key is a " + own + " key, but the database holds " + accepted.ID +
			" customers; set STRIPE_SECRET_KEY to the " +
			accepted.ID + " key, or start with an empty database"
		return f
	}
	if c.Identities == FromAPI {
		return Finding{f.What, Fine, "the Stripe key and the database are of the same mode"}
	}
	return diagnoseClerkInstance(ctx, c, f)
}

func diagnoseClerkInstance(ctx context.Context, c Config, f Finding) Finding {
	id, err := identities(c)
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	own, err := id.instance(ctx)
	if err != nil {
		f.Detail = err.Error() + "; check CLERK_SECRET_KEY"
		return f
	}
	accepted, err := c.Store.Instance(ctx, lockstep.Clerk)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return Finding{f.What, Fine, "Clerk instance " + own + "; the database does not belong to an instance yet"}
	case err != nil:
		f.Detail = err.Error()
		return f
	case accepted.ID != own:
		f.Detail = "the Clerk key belongs to " + own + ", but the database to " + accepted.ID +
			", so Lockstep deletes and creates nothing; if the business moved, run " +
			"lockstep instance accept " + own + ", otherwise restart with the former CLERK_SECRET_KEY"
		return f
	}
	former, err := c.Store.FormerAccounts(ctx, lockstep.FormerAccount{}, 1)
	switch {
	case err != nil:
		f.Detail = err.Error()
		return f
	case len(former) > 0:
		return Finding{f.What, Warning, "Clerk instance " + own +
			"; some accounts of a former instance have no successor; run lockstep instance show"}
	}
	return Finding{f.What, Fine, "Clerk instance " + own}
}
