package watch

import (
	"context"
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// load is a read of an account from the database in progress.
type load struct {
	readers   int
	overtaken bool // the account changed meanwhile, so the result may be stale
}

// Record returns the record of an account without names, e-mail addresses and metadata, or ErrNotFound.
// Callers share it and must not change it.
func (w *Watch) Record(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	e, err := w.Entry(ctx, account)
	if err != nil {
		return lockstep.Record{}, err
	}
	return e.Record, nil
}

// InMemory returns an account's entry if memory has it and is current. It never waits.
func (w *Watch) InMemory(account lockstep.Account, now time.Time) (*Entry, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.currentAt(now, w.config.Poll) {
		return nil, false
	}
	e, has := w.kept.find(account)
	return e, has && e.missing == nil
}

// Entry returns an account with its record, from memory or the database, or ErrNotFound.
func (w *Watch) Entry(ctx context.Context, account lockstep.Account) (*Entry, error) {
	if !w.poll(ctx) {
		record, err := w.source.Account(ctx, account)
		return &Entry{Record: record}, err
	}
	w.mu.Lock()
	if e, has := w.kept.find(account); has {
		w.mu.Unlock()
		return e, e.missing
	}
	l := w.loading[account]
	if l == nil {
		l = &load{}
		w.loading[account] = l
	}
	l.readers++
	w.mu.Unlock()

	record, err := w.source.Account(ctx, account)

	w.mu.Lock()
	defer w.mu.Unlock()
	if l.readers--; l.readers == 0 && !l.overtaken {
		delete(w.loading, account)
	}
	e := &Entry{Record: lean(record), missing: err}
	if !l.overtaken && (err == nil || errors.Is(err, lockstep.ErrNotFound)) {
		e.parts = partsOf(e.Record)
		w.kept.put(account, e)
	}
	return e, err
}

// lean removes personal data from a record.
func lean(r lockstep.Record) lockstep.Record {
	r.Email, r.Name, r.CustomerEmail, r.CustomerName = "", "", "", ""
	r.Intent, r.Projected, r.PaysFor, r.Notified, r.Standing = nil, nil, nil, "", lockstep.Standing{}
	return r
}

// ownParts is the size of an account without subscriptions and licenses, in parts.
const ownParts = 3

// partsOf is the size of a record with its answers in memory, in parts of at most 500 bytes.
func partsOf(r lockstep.Record) int {
	parts := ownParts + len(r.Entitlements)/10
	for _, s := range r.Subscriptions {
		parts += 2 + len(s.Items)
	}
	for _, l := range r.Licenses {
		parts += 2 + len(l.Items)
	}
	return parts
}
