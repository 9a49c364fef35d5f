package pricebook

import (
	"context"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// ReadOnly is the store of a [Book] that must not write: a new name counts as if it had been stored.
type ReadOnly struct {
	Names interface {
		NamesOf(ctx context.Context, priceIDs ...string) ([]lockstep.PriceName, error)
	}
}

// NamePrices implements [lockstep.PriceNames].
func (s ReadOnly) NamePrices(ctx context.Context, seen []lockstep.PriceName) ([]lockstep.PriceName, error) {
	var ids []string
	for _, n := range seen {
		ids = append(ids, n.PriceID)
	}
	slices.Sort(ids)
	names, err := s.NamesOf(ctx, slices.Compact(ids)...)
	if err != nil {
		return nil, err
	}
	for _, n := range seen {
		at := slices.IndexFunc(names, func(k lockstep.PriceName) bool {
			return k.PriceID == n.PriceID && k.LookupKey == n.LookupKey
		})
		switch {
		case at < 0:
			names = append(names, n)
		case names[at].ProductPlan == "":
			names[at].ProductPlan = n.ProductPlan
		}
	}
	return names, nil
}

// NamesOf implements [lockstep.PriceNames].
func (s ReadOnly) NamesOf(ctx context.Context, priceIDs ...string) ([]lockstep.PriceName, error) {
	return s.Names.NamesOf(ctx, priceIDs...)
}
