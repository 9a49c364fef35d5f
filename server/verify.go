package server

import (
	"context"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
	"github.com/lockstep-dev/lockstep/internal/sync/verify"
)

// verifier compares accounts with the providers, with the reconcilers that sync them.
func (p *parts) verifier() *verify.Verifier {
	store := p.config.Store
	book := &pricebook.Book{Store: pricebook.ReadOnly{Names: store}, Stripe: p.billing, Changes: p.priceChanges}
	return verify.New(verify.Verifier{
		Comparer: &verify.Comparer{Accounts: p.accounts(p.owners()), Store: store, Book: book},
		Store:    store, Billing: p.billing, Directory: p.id.directory, Types: ingest.Types(lockstep.Stripe),
		Log:   p.config.Log,
		Ready: func(ctx context.Context) error { return p.guard.Check(ctx) },
	})
}

// priceChanges returns a text that changes with each event of a price or product.
func (p *parts) priceChanges(ctx context.Context) (string, error) {
	return p.config.Store.Cursor(ctx, lockstep.PricesSweep)
}

// mostOpen is how many open events of a key [parts.drifted] reads.
const mostOpen = 20

// drifted counts what the full verify repaired in an account, unless an open event may have caused the run
// too. An event of the directory that came during the run is the echo of our own write. Only a run that
// changed something costs that read.
func (p *parts) drifted(ctx context.Context, d reconcile.Drift) {
	open, err := p.config.Store.Events(ctx, lockstep.EventFilter{Key: d.Key, Status: lockstep.EventPending,
		Limit: mostOpen, Bodiless: true})
	told := func(e lockstep.Event) bool { return e.Source == lockstep.Stripe || e.ReceivedAt.Before(d.Began) }
	if err != nil || slices.ContainsFunc(open.Events, told) {
		return // it may be no drift
	}
	names := make([]string, len(d.Places))
	for i, where := range d.Places {
		p.counts.Drifted(where)
		names[i] = string(where)
	}
	p.config.Log.WarnContext(ctx, "full verify found a difference", "key", d.Key.String(), "where", names)
}
