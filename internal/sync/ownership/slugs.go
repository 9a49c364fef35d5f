package ownership

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// slugLife and slugMissLife are how long we remember that an organization has a slug, and that
	// none has it. An organization can change its slug and another one take it, and a customer that
	// is linked to the wrong one stays there. So slugLife only covers a burst of events about one
	// checkout.
	slugLife     = 10 * time.Second
	slugMissLife = time.Minute
	// mostSlugs limits the memory: anyone can write anything into a payment link's URL.
	mostSlugs = 10_000
)

// slugForm is what Clerk accepts as a slug: lower-case letters, digits and dashes.
var slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,254}$`)

// slugs is a cache of organizations by slug. Its zero value is empty.
type slugs struct {
	mu    sync.Mutex
	known map[string]slugEntry
}

type slugEntry struct {
	account lockstep.Account // zero: no organization has the slug
	until   time.Time
}

// find returns the organization with the slug. It returns ErrNotFound if there is none, if the text
// cannot be a slug, or if the directory has no slugs.
func (s *slugs) find(ctx context.Context, directory lockstep.Organizations, slug string) (lockstep.Account, error) {
	if directory == nil || !slugForm.MatchString(slug) {
		return lockstep.Account{}, lockstep.ErrNotFound
	}
	s.mu.Lock()
	entry, known := s.known[slug]
	s.mu.Unlock()
	if !known || time.Now().After(entry.until) {
		var err error
		if entry, err = read(ctx, directory, slug); err != nil {
			return lockstep.Account{}, err
		}
		s.keep(slug, entry)
	}
	if entry.account.IsZero() {
		return lockstep.Account{}, lockstep.ErrNotFound
	}
	return entry.account, nil
}

// read asks the directory. If it refuses the slug, no organization has it.
func read(ctx context.Context, directory lockstep.Organizations, slug string) (slugEntry, error) {
	account, err := directory.OrganizationOfSlug(ctx, slug)
	switch {
	case refused(err), errors.Is(err, lockstep.ErrNotFound):
		return slugEntry{until: time.Now().Add(slugMissLife)}, nil
	case err != nil:
		return slugEntry{}, err
	}
	return slugEntry{account, time.Now().Add(slugLife)}, nil
}

func (s *slugs) keep(slug string, entry slugEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= mostSlugs {
		s.known = map[string]slugEntry{}
	}
	s.known[slug] = entry
}
