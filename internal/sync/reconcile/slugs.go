package reconcile

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// slugLife and slugMissLife are how long it is remembered that an organization has a
	// slug, and that none has it. An organization can change its slug and another one take it,
	// and a customer that is linked to the wrong one stays there. So slugLife only covers a
	// burst of events about one checkout.
	slugLife     = 10 * time.Second
	slugMissLife = time.Minute
	// mostSlugs bounds the memory: anybody can write anything into a payment link's URL.
	mostSlugs = 10_000
)

// slugForm is what Clerk takes for a slug: lower-case letters, digits and dashes.
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

// find returns the organization that has the slug, or ErrNotFound; also where the text
// cannot be a slug, or the directory has none.
func (s *slugs) find(ctx context.Context, directory lockstep.Organizations, slug string) (lockstep.Account, error) {
	if directory == nil || !slugForm.MatchString(slug) {
		return lockstep.Account{}, lockstep.ErrNotFound
	}
	s.mu.Lock()
	entry, known := s.known[slug]
	s.mu.Unlock()
	if !known || time.Now().After(entry.until) {
		account, err := directory.OrganizationOfSlug(ctx, slug)
		_, refused := refusal(err)
		life := slugLife
		switch {
		case refused, errors.Is(err, lockstep.ErrNotFound):
			account, life = lockstep.Account{}, slugMissLife
		case err != nil:
			return lockstep.Account{}, err
		}
		entry = slugEntry{account, time.Now().Add(life)}
		s.keep(slug, entry)
	}
	if entry.account.IsZero() {
		return lockstep.Account{}, lockstep.ErrNotFound
	}
	return entry.account, nil
}

func (s *slugs) keep(slug string, entry slugEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= mostSlugs {
		s.known = map[string]slugEntry{}
	}
	s.known[slug] = entry
}
