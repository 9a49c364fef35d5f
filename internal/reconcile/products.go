package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// productLife is how long a product's name is believed. Names change by hand and
// rarely; each look costs a read.
const productLife = 10 * time.Minute

// productsKept bounds the names that are remembered. A business has dozens of products,
// not thousands.
const productsKept = 1000

// Products remembers the names of products, for items whose plan nothing nearer
// names.
type Products struct {
	Billing lockstep.Billing

	mu    sync.Mutex
	known map[string]seenProduct
}

type seenProduct struct {
	plan string
	at   time.Time
}

// name fills in the plan that the product names, where only the product can.
func (p *Products) name(ctx context.Context, catalog lockstep.Catalog, items []lockstep.Item) error {
	for i := range items {
		if !catalog.NeedsProduct(items[i]) {
			continue
		}
		plan, err := p.plan(ctx, items[i].ProductID)
		if err != nil {
			return err
		}
		items[i].ProductPlan = plan
	}
	return nil
}

func (p *Products) plan(ctx context.Context, id string) (string, error) {
	p.mu.Lock()
	seen, ok := p.known[id]
	p.mu.Unlock()
	if ok && time.Since(seen.at) < productLife {
		return seen.plan, nil
	}
	product, err := p.Billing.Product(ctx, id)
	if errors.Is(err, lockstep.ErrNotFound) {
		return "", nil // the price's id will have to do
	}
	if err != nil {
		return "", fmt.Errorf("look at product: %w", err)
	}
	plan := product.Plan
	if plan == "" {
		plan = product.Name
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= productsKept {
		p.known = map[string]seenProduct{} // which costs a read for each that is met again
	}
	p.known[id] = seenProduct{plan, time.Now()}
	return plan, nil
}
