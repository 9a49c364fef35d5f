package catalog

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/lockstep-dev/lockstep"
)

const (
	activePages   = 5
	inactivePages = 2

	keepPrices   = 30 * time.Second
	keepFailure  = 5 * time.Second
	readWithin   = 15 * time.Second
	keepCounts   = 10 * time.Minute
	countWithin  = time.Minute
	waitForCount = time.Second
	// mostHeld is how many groups of items with the same price and names are counted.
	mostHeld = 2000
)

// Store is the part of the store that the reader uses.
type Store interface {
	lockstep.HeldPrices
	NamesOf(ctx context.Context, priceIDs ...string) ([]lockstep.PriceName, error)
}

// Reader compares the catalog with Stripe and with what subscribers have. It is safe for concurrent use.
type Reader struct {
	Catalog lockstep.Catalog
	Stripe  lockstep.PriceLister
	Store   Store
	Log     *slog.Logger

	running singleflight.Group
	mu      sync.Mutex
	prices  kept[prices]
	counts  kept[[]lockstep.HeldPrice]
}

// kept is a value with the time when it was read, and the last failure since.
type kept[T any] struct {
	value  T
	at     time.Time // zero: never
	failed time.Time // zero: the last read succeeded
}

// due reports whether the value must be read again.
func (k kept[T]) due(keep time.Duration) bool {
	if !k.failed.IsZero() {
		return time.Since(k.failed) >= keepFailure
	}
	return k.at.IsZero() || time.Since(k.at) >= keep
}

// prices are what Stripe has, with the names that each price had.
type prices struct {
	list         []lockstep.ListedPrice
	names        map[string][]lockstep.PriceName
	moreActive   bool
	moreInactive bool
}

// View compares now. It fails only if the request ends.
func (r *Reader) View(ctx context.Context) (View, error) {
	p, err := refresh(ctx, r, "prices", &r.prices, keepPrices, readWithin, readWithin, r.readPrices)
	if err != nil {
		return View{}, err
	}
	c, err := refresh(ctx, r, "counts", &r.counts, keepCounts, countWithin, waitForCount,
		func(ctx context.Context) ([]lockstep.HeldPrice, error) { return r.Store.HeldPrices(ctx, mostHeld+1) })
	if err != nil {
		return View{}, err
	}
	return compare(r.Catalog, p, c), nil
}

// refresh returns a kept value. If that is due, one caller reads it in the background for all, and each waits a moment
// for it.
func refresh[T any](ctx context.Context, r *Reader, name string, at *kept[T], keep, within, wait time.Duration,
	read func(context.Context) (T, error)) (kept[T], error) {
	r.mu.Lock()
	now := *at
	r.mu.Unlock()
	if !now.due(keep) {
		return now, nil
	}
	result := r.running.DoChan(name, func() (any, error) {
		// Others share the result, so it does not end with the first one's request.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
		defer cancel()
		value, err := read(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			at.failed = time.Now()
			r.Log.Warn("catalog not compared", "part", name, "error", err)
			return *at, nil
		}
		*at = kept[T]{value: value, at: time.Now()}
		return *at, nil
	})
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case got := <-result:
		return got.Val.(kept[T]), nil
	case <-patience.C:
		return now, nil
	case <-ctx.Done():
		return now, ctx.Err()
	}
}

// readPrices lists Stripe's prices, and reads the names that they had.
func (r *Reader) readPrices(ctx context.Context) (p prices, err error) {
	var inactive []lockstep.ListedPrice
	if p.list, p.moreActive, err = r.Stripe.ListPrices(ctx, true, activePages); err != nil {
		return p, err
	}
	if inactive, p.moreInactive, err = r.Stripe.ListPrices(ctx, false, inactivePages); err != nil {
		return p, err
	}
	p.list = append(p.list, inactive...)
	ids := make([]string, len(p.list))
	for i, one := range p.list {
		ids[i] = one.ID
	}
	names, err := r.Store.NamesOf(ctx, ids...)
	p.names = map[string][]lockstep.PriceName{}
	for _, n := range names {
		p.names[n.PriceID] = append(p.names[n.PriceID], n)
	}
	return p, err
}
