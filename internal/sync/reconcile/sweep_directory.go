package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// doubtFor is how long a list that names none of our accounts does not become believable
// by the accounts that it has itself made known. Within it an operator sees the error.
const doubtFor = 24 * time.Hour

// doubtLogged is how often the error is logged while the doubt lasts. Where the directory is
// polled, a round follows the one before within seconds.
const doubtLogged = time.Hour

// unlistedPage is how many missing accounts are looked for at a time.
const unlistedPage = 200

// roll is where the list of a kind of identity stands: first through the
// directory's pages, then through what they did not name.
type roll struct {
	Round   int64  `json:"round"`             // Unix milliseconds: when it began
	Page    string `json:"page,omitempty"`    // the directory's next page
	Known   bool   `json:"known,omitempty"`   // it has named an account that we knew before
	Doubted int64  `json:"doubted,omitempty"` // Unix milliseconds: since when no round has named one; 0: the last one did
	Logged  int64  `json:"logged,omitempty"`  // Unix milliseconds: when that was logged last
	Missing bool   `json:"missing,omitempty"` // the pages are through
	After   string `json:"after,omitempty"`   // the last missing account that was marked
}

// before is since when an account must have been known, in Unix milliseconds, for the list
// to be believed because of it.
func (r roll) before() int64 {
	if r.Doubted != 0 && r.Round-r.Doubted < doubtFor.Milliseconds() {
		return r.Doubted
	}
	return r.Round
}

func (s *Sweeps) listUsers(ctx context.Context, claim lockstep.Claim, at roll) (roll, []lockstep.Mark, bool, error) {
	return s.list(ctx, claim, lockstep.User, at)
}

func (s *Sweeps) listOrganizations(ctx context.Context, claim lockstep.Claim,
	at roll) (roll, []lockstep.Mark, bool, error) {
	return s.list(ctx, claim, lockstep.Organization, at)
}

// list compares the directory with what we know: Clerk gives up on a delivery
// after 28 hours and keeps no list of events, so this is the only way to find out.
func (s *Sweeps) list(ctx context.Context, claim lockstep.Claim, kind lockstep.Kind,
	at roll) (roll, []lockstep.Mark, bool, error) {
	if at.Missing {
		return s.listMissing(ctx, kind, at)
	}
	if at.Page == "" {
		at = roll{Round: time.Now().UnixMilli(), Doubted: at.Doubted, Logged: at.Logged}
	}
	page, next, err := s.Directory.Identities(ctx, kind, at.Page)
	if errors.Is(err, lockstep.ErrNotFound) && at.Page != "" {
		// Whom we read on from is gone: start over. What this list has made known must not make
		// the next one believable.
		return roll{Doubted: cmp.Or(at.Doubted, at.Round), Logged: at.Logged}, nil, true, nil
	}
	if err != nil {
		return at, nil, false, fmt.Errorf("list %ss: %w", kind, err)
	}
	stale, err := s.Store.RecordListed(ctx, claim, at.Round, page)
	if err != nil {
		return at, nil, false, fmt.Errorf("note the %ss listed: %w", kind, err)
	}
	var marks []lockstep.Mark
	for _, a := range stale {
		marks = append(marks, lockstep.Mark{Key: a.Key(), Scope: lockstep.ScopeIdentity, Priority: s.Polled.sighted()})
	}
	at.Page, at.Missing = next, next == ""
	if !at.Known {
		if at.Known, err = s.knows(ctx, page, at.before()); err != nil {
			return at, nil, false, err
		}
	}
	return at, marks, true, nil
}

// knows reports whether a page names an account that we knew before a Unix time in
// milliseconds. Whom a doubtful list itself has made known does not count.
func (s *Sweeps) knows(ctx context.Context, page []lockstep.Identity, before int64) (bool, error) {
	for _, identity := range page {
		record, err := s.Store.Account(ctx, identity.Account)
		switch {
		case errors.Is(err, lockstep.ErrNotFound):
			continue
		case err != nil:
			return false, fmt.Errorf("look for a listed account: %w", err)
		}
		if record.CreatedAt.UnixMilli() < before {
			return true, nil
		}
	}
	return false, nil
}

// listMissing marks the accounts that the directory did not name, to be looked at
// one by one. A directory that names none of the accounts that we know is more likely
// another instance's, or empty by a fault, than a business whose users have all left:
// then nothing is concluded.
func (s *Sweeps) listMissing(ctx context.Context, kind lockstep.Kind, at roll) (roll, []lockstep.Mark, bool, error) {
	missing, err := s.Store.Unlisted(ctx, kind, at.Round, at.After, unlistedPage)
	if err != nil {
		return at, nil, false, fmt.Errorf("look for %ss that are gone: %w", kind, err)
	}
	if len(missing) > 0 && !at.Known {
		return s.doubt(kind, at), nil, false, nil
	}
	var marks []lockstep.Mark
	for _, a := range missing {
		at.After = a.ID
		marks = append(marks, lockstep.Mark{Key: a.Key(), Scope: lockstep.ScopeIdentity | lockstep.ScopeMissing,
			Priority: lockstep.Background})
	}
	if len(missing) == unlistedPage {
		return at, marks, true, nil
	}
	return roll{}, marks, false, nil
}

// doubt ends a round that named none of our accounts. It logs the first one, and then one an
// hour.
func (s *Sweeps) doubt(kind lockstep.Kind, at roll) roll {
	doubted := roll{Doubted: cmp.Or(at.Doubted, at.Round), Logged: at.Logged}
	if now := time.Now(); now.Sub(time.UnixMilli(at.Logged)) >= doubtLogged {
		s.Log.Error("directory list ignored: it names none of the known accounts", "kind", string(kind),
			"since", time.UnixMilli(doubted.Doubted).UTC(), "fix",
			"check that CLERK_SECRET_KEY is the key of the instance with your users")
		doubted.Logged = now.UnixMilli()
	}
	return doubted
}
