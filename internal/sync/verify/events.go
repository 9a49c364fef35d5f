package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// mostEvents is how far into Stripe's event list the search for a missed event reads, 100 a call.
	mostEvents = 2000
	// eventsFresh is for how long the newest events need not be read again. An event that is missing is
	// older: its delivery had that much time.
	eventsFresh = time.Second
	// eventsKept is how long older events are kept for further accounts.
	eventsKept = time.Minute
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

	lock   chan struct{}   // holds a value while someone reads; its wait ends with the context
	read   time.Time       // when the newest ones were read
	hints  []lockstep.Hint // the newest first
	cursor string          // of the page after them; empty: the list ends there
}

// after returns the events since a time, or as many as the search may read.
func (e *events) after(ctx context.Context, since time.Time) ([]lockstep.Hint, error) {
	select {
	case e.lock <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-e.lock }()
	if err := e.refresh(ctx); err != nil {
		return nil, err
	}
	for e.cursor != "" && len(e.hints) < mostEvents && e.hints[len(e.hints)-1].Event.OccurredAt.After(since) {
		page, next, err := e.page(ctx, e.cursor)
		if err != nil {
			return nil, err
		}
		e.hints, e.cursor = append(e.hints, page...), next
	}
	return slices.Clone(e.hints), nil
}

// refresh reads the events that are newer than those in memory; all from the start if they are too many or too old.
func (e *events) refresh(ctx context.Context) error {
	now := time.Now()
	if now.Sub(e.read) < eventsFresh {
		return nil
	}
	page, next, err := e.page(ctx, "")
	if err != nil {
		return err
	}
	known := -1
	if len(e.hints) > 0 {
		known = slices.IndexFunc(page, func(h lockstep.Hint) bool { return h.Event.ID == e.hints[0].Event.ID })
	}
	if known >= 0 && now.Sub(e.read) < eventsKept && len(e.hints) < mostEvents {
		e.hints = append(page[:known:known], e.hints...)
	} else {
		e.hints, e.cursor = page, next
	}
	e.read = now
	return nil
}

func (e *events) page(ctx context.Context, cursor string) ([]lockstep.Hint, string, error) {
	page, next, err := e.stripe.EventsSince(ctx, time.Now().Add(-eventHistory), cursor)
	if err != nil {
		return nil, "", fmt.Errorf("list events: %w", err)
	}
	return page, next, nil
}

// missing returns the newest event about an account's customers, or about one of the objects, that was
// never stored. An event about an object of the difference counts more than others.
func (e *events) missing(ctx context.Context, store eventStore, r Result, about []string) (best lockstep.Hint,
	found bool, err error) {
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
func storedEvents(ctx context.Context, store eventStore, r Result,
	candidates []lockstep.Hint) (map[string]bool, error) {
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
		page, err := store.Events(ctx, lockstep.EventFilter{Source: lockstep.Stripe, Key: key, Limit: mostStored,
			Bodiless: true})
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
func customersOf(r Result) (ids []string) {
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
