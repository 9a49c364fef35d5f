package server

import (
	"context"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
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
