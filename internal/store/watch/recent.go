package watch

import "github.com/lockstep-dev/lockstep"

// entry is what is kept of an account.
type entry struct {
	record  lockstep.Record
	missing error // there is no such account
	parts   int
}

// recent keeps what was used last, in two generations: when the young one is half
// of the limit it becomes the old one, and what was not used since the last time is
// dropped at once. So at least the limit's half is kept and at most the limit.
type recent struct {
	limit      int // in parts
	young, old map[lockstep.Account]entry
	parts      int // of the young
}

func newRecent(limit int) *recent {
	return &recent{limit: limit, young: map[lockstep.Account]entry{}}
}

func (r *recent) find(account lockstep.Account) (entry, bool) {
	if e, has := r.young[account]; has {
		return e, true
	}
	e, has := r.old[account]
	if has {
		r.put(account, e)
	}
	return e, has
}

// put keeps an entry, unless it alone is more than half of the limit.
func (r *recent) put(account lockstep.Account, e entry) {
	r.drop(account)
	if e.parts > r.limit/2 {
		return
	}
	if r.parts+e.parts > r.limit/2 {
		r.old, r.young, r.parts = r.young, map[lockstep.Account]entry{}, 0
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
	r.young, r.old, r.parts = map[lockstep.Account]entry{}, nil, 0
}
