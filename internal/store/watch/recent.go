package watch

import "github.com/lockstep-dev/lockstep"

// recent keeps the entries that were used last, in two generations. When the young one reaches half of
// the limit, it becomes the old one, and the former old one is dropped. So it keeps between half of the
// limit and the limit.
type recent struct {
	limit      int // in parts
	young, old map[lockstep.Account]*Entry
	parts      int // of the young generation
}

func newRecent(limit int) *recent {
	return &recent{limit: limit, young: map[lockstep.Account]*Entry{}}
}

func (r *recent) find(account lockstep.Account) (*Entry, bool) {
	if e, has := r.young[account]; has {
		return e, true
	}
	e, has := r.old[account]
	if has {
		r.put(account, e)
	}
	return e, has
}

// put keeps an entry unless it takes more than half of the limit by itself.
func (r *recent) put(account lockstep.Account, e *Entry) {
	r.drop(account)
	if e.parts > r.limit/2 {
		return
	}
	if r.parts+e.parts > r.limit/2 {
		r.old, r.young, r.parts = r.young, map[lockstep.Account]*Entry{}, 0
	}
	r.young[account] = e
	r.parts += e.parts
}

func (r *recent) drop(account lockstep.Account) {
	if e, has := r.young[account]; has {
		delete(r.young, account)
		r.parts -= e.parts
	}
	delete(r.old, account)
}

func (r *recent) clear() {
	r.young, r.old, r.parts = map[lockstep.Account]*Entry{}, nil, 0
}
