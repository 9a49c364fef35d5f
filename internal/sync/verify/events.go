package verify

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// mostPages is how many pages of Stripe's event list the search for a missed event reads: 100 events each.
	mostPages = 20
	// eventsFresh is how long a list that was read serves further accounts.
	eventsFresh = time.Minute
	// eventHistory is how long Stripe keeps events, less a margin.
	eventHistory = 29 * 24 * time.Hour
	// eventMargin is how far before the last write of a record an event may be missing.
	eventMargin = time.Hour
	// mostStored is how many stored events of a key are compared with Stripe's list.
	mostStored = 200
)

// eventStore is what the search reads from the store.
type eventStore interface {
	Events(ctx context.Context, filter lockstep.EventFilter) (lockstep.EventPage, error)
}

// eventLister reads Stripe's list of events.
type eventLister interface {
	EventsSince(ctx context.Context, since time.Time, cursor string) (hints []lockstep.Hint, next string, err error)
}

// events is the newest part of Stripe's list, shared by the accounts of a verification. Stripe's list has
// no filter by object.
type events struct {
	stripe eventLister
	types  []string // that matter

	mu     sync.Mutex
	read   time.Time
	since  time.Time
	hints  []lockstep.Hint
	cursor string
	pages  int
	whole  bool
}

// after returns the events since a time, or as many as the search may read.
func (e *events) after(ctx context.Context, since time.Time) ([]lockstep.Hint, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := time.Now(); now.Sub(e.read) > eventsFresh || since.Before(e.since) {
		e.read, e.since, e.hints, e.cursor, e.pages, e.whole = now, since, nil, "", 0, false
	}
	for !e.whole && e.pages < mostPages && (len(e.hints) == 0 || e.hints[len(e.hints)-1].Event.OccurredAt.After(since)) {
		page, next, err := e.stripe.EventsSince(ctx, e.since, e.cursor)
		if err != nil {
			return nil, fmt.Errorf("list events: %w", err)
		}
		e.hints, e.cursor, e.whole = append(e.hints, page...), next, next == ""
		e.pages++
	}
	return slices.Clone(e.hints), nil
}

// missing returns the newest event about an account's customers, or about one of the objects, that was
// never stored. An event about an object of the difference counts more than others.
func (e *events) missing(ctx context.Context, store eventStore, r result, about []string) (best lockstep.Hint, found bool,
	err error) {
	hints, err := e.after(ctx, later(r.record.UpdatedAt.Add(-eventMargin), time.Now().Add(-eventHistory)))
	if err != nil {
		return best, false, err
	}
	customers := customersOf(r)
	var candidates []lockstep.Hint
	for _, h := range hints {
		if slices.Contains(e.types, h.Event.Type) && h.Foreign == "" &&
			(slices.Contains(customers, h.Event.CustomerID) || slices.Contains(about, h.Event.ObjectID)) {
			candidates = append(candidates, h)
		}
	}
	if len(candidates) == 0 {
		return best, false, nil
	}
	stored, err := storedEvents(ctx, store, r, candidates)
	if err != nil {
		return best, false, err
	}
	for _, h := range candidates {
		exact := slices.Contains(about, h.Event.ObjectID) || slices.Contains(about, h.CheckoutID)
		if !stored[h.Event.ID] && (!found || exact && !slices.Contains(about, best.Event.ObjectID)) {
			best, found = h, true
		}
	}
	return best, found, nil
}

// storedEvents returns the ids of the newest stored events about the account, its customers and payments.
func storedEvents(ctx context.Context, store eventStore, r result, candidates []lockstep.Hint) (map[string]bool, error) {
	keys := []lockstep.Key{r.account.Key()}
	for _, id := range customersOf(r) {
		keys = append(keys, lockstep.Key{Kind: lockstep.KeyCustomer, ID: id})
	}
	for _, h := range candidates {
		if h.CheckoutID != "" {
			keys = append(keys, lockstep.Key{Kind: lockstep.KeyCheckout, ID: h.CheckoutID})
		}
		if h.PaymentID != "" {
			keys = append(keys, lockstep.Key{Kind: lockstep.KeyPayment, ID: h.PaymentID})
		}
	}
	ids := map[string]bool{}
	for i, key := range keys {
		if slices.Contains(keys[:i], key) {
			continue
		}
		page, err := store.Events(ctx, lockstep.EventFilter{Source: lockstep.Stripe, Key: key, Limit: mostStored, Bodiless: true})
		if err != nil {
			return nil, err
		}
		for _, event := range page.Events {
			ids[event.ID] = true
		}
	}
	return ids, nil
}

// customersOf returns the account's customers, before and after a run.
func customersOf(r result) (ids []string) {
	for _, record := range []lockstep.Record{r.record, r.after} {
		if record.CustomerID != "" {
			ids = append(ids, record.CustomerID)
		}
		for _, l := range record.Further {
			ids = append(ids, l.CustomerID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
