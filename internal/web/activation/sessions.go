package activation

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
	"github.com/lockstep-dev/lockstep/internal/recent"
)

const (
	// freshness is how long what Stripe said of a session that may change is believed.
	freshness = 3 * time.Second
	// memory is how many sessions are remembered: that many that Stripe knows, and that many ids
	// that it does not know. Guessed ids never push out sessions.
	memory = 10_000
	// unknownFor is how long an id that Stripe did not know is not asked for again.
	unknownFor = time.Minute
)

// What is asked of Stripe has two bounds, so that a flood of guessed ids takes nothing from
// buyers. Both together are a quarter of Stripe's limit in test mode.
const (
	// ourBurst and ourPerSecond are for sessions that we know or have signed a token for. Half of
	// the burst is kept for those that are asked about for the first time: for the others there
	// is what Stripe said before.
	ourBurst, ourPerSecond = 20, 5
	// strangeBurst and strangePerSecond are for all others together, and clientBurst and
	// clientEvery for each client among them.
	strangeBurst, strangePerSecond = 5, 1
	clientBurst, clientEvery       = 3, 5 * time.Second
	// tokenBurst and tokenEvery bound how many sessions one token may ask for: it is of one
	// purchase, and its buyer might try others with it.
	tokenBurst, tokenEvery = 3, 10 * time.Second
)

var (
	errUnknown = errors.New("there is no such session")
	errBusy    = errors.New("too many sessions are looked up at the moment")
)

// The form of a session's id, by mode. Stripe's are about 66 characters long.
var sessionIDs = map[bool]*regexp.Regexp{
	true:  regexp.MustCompile(`^cs_live_[A-Za-z0-9]{20,200}$`),
	false: regexp.MustCompile(`^cs_test_[A-Za-z0-9]{20,200}$`),
}

// sessions is what Stripe said of sessions.
type sessions struct {
	stripe CheckoutReader
	live   bool // Stripe's mode; ids of the other mode do not exist
	tokens tokens
	wake   func(ctx context.Context, s lockstep.Checkout) error // has the workers look

	ours, strange      *rate.Limiter
	byClient, byTokens *clients.Limit

	mu        sync.Mutex
	known     *recent.Map[string, *seen] // by id, those that Stripe knows
	strangers *recent.Map[string, *seen] // by id, those that it does not know, or was not asked about
}

func newSessions(stripe CheckoutReader, live bool, t tokens,
	wake func(context.Context, lockstep.Checkout) error) *sessions {
	return &sessions{stripe: stripe, live: live, tokens: t, wake: wake,
		ours: rate.NewLimiter(ourPerSecond, ourBurst), strange: rate.NewLimiter(strangePerSecond, strangeBurst),
		byClient: clients.NewLimit(clientEvery, clientBurst), byTokens: clients.NewLimit(tokenEvery, tokenBurst),
		known: recent.New[string, *seen](memory), strangers: recent.New[string, *seen](memory)}
}

// seen is what is remembered of one session.
type seen struct {
	mu      sync.Mutex // held while Stripe is asked
	session lockstep.Checkout
	unknown bool
	asked   time.Time // when Stripe said this; zero: never
	looked  bool      // we asked for a buyer who came back, not only when we created the session
	first   time.Time // when somebody asked first; zero: never
	active  bool      // it was said to be active
}

// known reports whether Stripe has described the session.
func (e *seen) known() bool { return !e.asked.IsZero() && !e.unknown }

// find returns a session as Stripe described it lately, and since when somebody waits
// for it. The token is the one of its return URL; without one, or with a wrong one, a session
// that we do not know yet has the small budget.
func (s *sessions) find(ctx context.Context, id, token string) (lockstep.Checkout, time.Time, error) {
	if !sessionIDs[s.live].MatchString(id) {
		return lockstep.Checkout{}, time.Time{}, errUnknown
	}
	e := s.entry(id)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.first.IsZero() {
		e.first = time.Now()
	}
	if age := time.Since(e.asked); e.unknown && age < unknownFor {
		return lockstep.Checkout{}, time.Time{}, errUnknown
	} else if e.known() && (settled(e.session) || e.looked && age < freshness) {
		return e.session, e.first, nil
	}
	if !s.may(e, clients.Of(ctx), token) {
		if e.known() {
			return e.session, e.first, nil
		}
		return lockstep.Checkout{}, time.Time{}, errBusy
	}
	session, err := s.stripe.Checkout(ctx, id)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		e.unknown, e.asked = true, time.Now()
		return lockstep.Checkout{}, time.Time{}, errUnknown
	case err != nil && e.known():
		return e.session, e.first, nil // what we know is still true, or will be told
	case err != nil:
		return lockstep.Checkout{}, time.Time{}, err
	}
	news := !e.known() || session.Status != e.session.Status || session.PaymentStatus != e.session.PaymentStatus
	if news && session.Status == "complete" {
		if err := s.wake(ctx, session); err != nil {
			return lockstep.Checkout{}, time.Time{}, err
		}
	}
	e.session, e.unknown, e.asked, e.looked = session, false, time.Now(), true
	s.keep(id, e)
	return session, e.first, nil
}

// may reports whether Stripe may be asked about a session now.
func (s *sessions) may(e *seen, client, token string) bool {
	if e.known() {
		return (!e.looked || s.ours.Tokens() > ourBurst/2) && s.ours.Allow()
	}
	if signed, ok := s.tokens.verify(token); ok && s.byTokens.Allow(signed) {
		return s.ours.Allow()
	}
	return s.byClient.Allow(client) && s.strange.Allow()
}

// started remembers a session that we have just created or found open.
func (s *sessions) started(session lockstep.Checkout) {
	if !sessionIDs[s.live].MatchString(session.ID) {
		return
	}
	e := s.entry(session.ID)
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.known() {
		e.session, e.unknown, e.asked = session, false, time.Now()
	}
	s.keep(session.ID, e)
}

// wasActive reports whether somebody was told that a session's purchase is active, and
// notes that they now are if so.
func (s *sessions) wasActive(id string, is bool) bool {
	e := s.entry(id)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.active = e.active || is
	return e.active
}

// settled reports whether Stripe will say nothing new of a session.
func settled(s lockstep.Checkout) bool {
	return s.Status == "expired" || s.Status == "complete" && s.PaymentStatus != "unpaid"
}

// entry is what is remembered of an id.
func (s *sessions) entry(id string) *seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, is := s.known.Find(id); is {
		return e
	}
	if e, is := s.strangers.Find(id); is {
		return e
	}
	e := &seen{}
	s.strangers.Put(id, e)
	return e
}

// keep remembers an id among those that Stripe knows.
func (s *sessions) keep(id string, e *seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strangers.Drop(id)
	s.known.Put(id, e)
}
