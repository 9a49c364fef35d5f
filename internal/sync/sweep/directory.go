package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// doubtFor is how long a list that names none of our accounts cannot become believable through the
// accounts that it has added itself. During that time an operator sees the error.
const doubtFor = 24 * time.Hour

// doubtLogged is how often the error is logged while the doubt lasts. If the directory is polled,
// rounds are only seconds apart.
const doubtLogged = time.Hour

// unlistedPage is how many missing accounts one run looks for.
const unlistedPage = 200

// roll is where the list of one kind of identity stands: first in the directory's pages, then in
// the accounts that they did not name.
type roll struct {
	Round   int64  `json:"round"`             // Unix milliseconds: when it started
	Page    string `json:"page,omitempty"`    // the directory's next page
	Known   bool   `json:"known,omitempty"`   // it has named an account that we knew before
	Doubted int64  `json:"doubted,omitempty"` // Unix milliseconds: since when no round has named one; 0: the last one did
	Logged  int64  `json:"logged,omitempty"`  // Unix milliseconds: when that was logged last
	Missing bool   `json:"missing,omitempty"` // all pages are read
	After   string `json:"after,omitempty"`   // the last missing account that was marked
}

// before returns when an account must have been known for the list to be believed because of it, in
// Unix milliseconds.
func (r roll) before() int64 {
	if r.Doubted != 0 && r.Round-r.Doubted < doubtFor.Milliseconds() {
		return r.Doubted
	}
	return r.Round
}

func (s *Sweeps) listUsers(ctx context.Context, claim lockstep.Claim, at roll) (swept[roll], error) {
	return s.list(ctx, claim, lockstep.User, at)
}

func (s *Sweeps) listOrganizations(ctx context.Context, claim lockstep.Claim, at roll) (swept[roll], error) {
	return s.list(ctx, claim, lockstep.Organization, at)
}

// list compares the directory with what we know. Clerk gives up on a delivery after 28 hours and
// keeps no list of events, so this is the only way to find lost ones.
func (s *Sweeps) list(ctx context.Context, claim lockstep.Claim, kind lockstep.Kind, at roll) (swept[roll], error) {
	if at.Missing {
		return s.listMissing(ctx, kind, at)
	}
	if at.Page == "" {
		at = roll{Round: time.Now().UnixMilli(), Doubted: at.Doubted, Logged: at.Logged}
	}
	page, next, err := s.Directory.Identities(ctx, kind, at.Page)
	if errors.Is(err, lockstep.ErrNotFound) && at.Page != "" {
		// The identity that the page starts after is gone: start over. The accounts that this list
		// has added must not make the next one believable.
		return swept[roll]{next: roll{Doubted: cmp.Or(at.Doubted, at.Round), Logged: at.Logged}, more: true}, nil
	}
	if err != nil {
		return swept[roll]{}, fmt.Errorf("list %ss: %w", kind, err)
	}
	stale, err := s.Store.RecordListed(ctx, claim, at.Round, page)
	if err != nil {
		return swept[roll]{}, fmt.Errorf("record the listed %ss: %w", kind, err)
	}
	var marks []lockstep.Mark
	for _, a := range stale {
		marks = append(marks, lockstep.Mark{Key: a.Key(), Scope: lockstep.ScopeIdentity, Priority: s.Polled.sighted()})
	}
	at.Page, at.Missing = next, next == ""
	if !at.Known {
		if at.Known, err = s.knows(ctx, page, at.before()); err != nil {
			return swept[roll]{}, err
		}
	}
	return swept[roll]{at, marks, true}, nil
}

// knows reports whether a page names an account that we knew before a Unix time in milliseconds.
// Accounts that a doubtful list itself has added do not count.
func (s *Sweeps) knows(ctx context.Context, page []lockstep.Identity, before int64) (bool, error) {
	for _, identity := range page {
		record, err := s.Store.Account(ctx, identity.Account)
		switch {
		case errors.Is(err, lockstep.ErrNotFound):
			continue
		case err != nil:
			return false, fmt.Errorf("read a listed account: %w", err)
		}
		if record.CreatedAt.UnixMilli() < before {
			return true, nil
		}
	}
	return false, nil
}

// listMissing marks the accounts that the directory did not name, to be looked up one by one. If the
// directory names none of our accounts, it is more likely another instance's, or empty by a fault,
// than that all users have left. Then nothing is concluded.
func (s *Sweeps) listMissing(ctx context.Context, kind lockstep.Kind, at roll) (swept[roll], error) {
	missing, err := s.Store.Unlisted(ctx, kind, at.Round, at.After, unlistedPage)
	if err != nil {
		return swept[roll]{}, fmt.Errorf("list missing %ss: %w", kind, err)
	}
	if len(missing) > 0 && !at.Known {
		return swept[roll]{next: s.doubt(ctx, kind, at)}, nil
	}
	var marks []lockstep.Mark
	for _, a := range missing {
		at.After = a.ID
		marks = append(marks, lockstep.Mark{Key: a.Key(), Scope: lockstep.ScopeIdentity | lockstep.ScopeMissing,
			Priority: lockstep.Background})
	}
	if len(missing) == unlistedPage {
		return swept[roll]{at, marks, true}, nil
	}
	return swept[roll]{marks: marks}, nil
}

// doubt ends a round that named none of our accounts. It logs the first such round, and then one an
// hour.
func (s *Sweeps) doubt(ctx context.Context, kind lockstep.Kind, at roll) roll {
	doubted := roll{Doubted: cmp.Or(at.Doubted, at.Round), Logged: at.Logged}
	if now := time.Now(); now.Sub(time.UnixMilli(at.Logged)) >= doubtLogged {
		s.Log.ErrorContext(ctx, "directory list ignored: it names none of the known accounts", "kind", string(kind),
			"since", time.UnixMilli(doubted.Doubted).UTC(), "fix",
			"check that CLERK_SECRET_KEY is the key of the instance with your users")
		doubted.Logged = now.UnixMilli()
	}
	return doubted
}
