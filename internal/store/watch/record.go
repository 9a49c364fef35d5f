package watch

import (
	"context"
	"errors"

	"github.com/lockstep-dev/lockstep"
)

// load is a read of an account from the database that is under way.
type load struct {
	readers   int
	overtaken bool // the account changed meanwhile: what is read may be from before
}

// Record returns what we keep about an account, but for names, addresses and
// metadata, or ErrNotFound. It is shared: not to be changed.
func (w *Watch) Record(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	if !w.look(ctx) {
		return w.source.Account(ctx, account)
	}
	w.mu.Lock()
	if e, has := w.kept.find(account); has {
		w.mu.Unlock()
		return e.record, e.missing
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
	switch {
	case l.overtaken:
	case err == nil:
		record = lean(record)
		w.kept.put(account, entry{record: record, parts: partsOf(record)})
	case errors.Is(err, lockstep.ErrNotFound):
		w.kept.put(account, entry{missing: err, parts: ownParts})
	}
	return record, err
}

// lean is a record without what says who somebody is.
func lean(r lockstep.Record) lockstep.Record {
	r.Email, r.Name, r.CustomerEmail, r.CustomerName = "", "", "", ""
	r.Intent, r.Projected, r.PaysFor = nil, nil, nil
	return r
}

// ownParts is what an account takes that has nothing.
const ownParts = 2

// partsOf is how much memory a record takes, in parts of at most 500 bytes.
func partsOf(r lockstep.Record) int {
	parts := ownParts + len(r.Entitlements)/10
	for _, s := range r.Subscriptions {
		parts += 1 + len(s.Items)
	}
	for _, l := range r.Licenses {
		parts += 1 + len(l.Items)
	}
	return parts
}
