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
	// freshness is how long we reuse Stripe's description of a session that may still change.
	freshness = 3 * time.Second
	// memory is how many sessions that Stripe knows are remembered, and separately how many other ids,
	// so that guessed ids never evict sessions.
	memory = 10_000
	// unknownFor is how long we remember that Stripe does not know an id.
	unknownFor = time.Minute
)

// Reads of sessions have two budgets, so that a flood of guessed ids takes nothing from buyers. Together
// they are a quarter of Stripe's limit in test mode.
const (
	// ourBurst and ourPerSecond are for sessions that we know or that carry our token. Half of the burst
	// is reserved for sessions that no buyer has asked about yet; for the others there is an earlier answer.
	ourBurst, ourPerSecond = 20, 5
	// strangeBurst and strangePerSecond are for all other ids together, clientBurst and clientEvery for
	// each client that asks about them.
	strangeBurst, strangePerSecond = 5, 1
	clientBurst, clientEvery       = 3, 5 * time.Second
	// tokenBurst and tokenEvery bound how many sessions one token may ask for. A token belongs to one
	// purchase, but its buyer could try other ids with it.
	tokenBurst, tokenEvery = 3, 10 * time.Second
)

var (
	errUnknown = errors.New("checkout session not found")
	errBusy    = errors.New("too many checkout sessions are being read")
)

// sessionIDs matches the ids of sessions, by mode. Stripe's are about 66 characters long.
var sessionIDs = map[bool]*regexp.Regexp{
	true:  regexp.MustCompile(`^cs_live_[A-Za-z0-9]{20,200}$`),
	false: regexp.MustCompile(`^cs_test_[A-Za-z0-9]{20,200}$`),
}

// sessions remembers what Stripe said about sessions.
type sessions struct {
	stripe CheckoutReader
	live   bool // Stripe's mode; ids of the other mode are unknown
	tokens tokens
	sync   func(ctx context.Context, s lockstep.Checkout) error // makes the workers sync its account

	ours, strange      *rate.Limiter
	byClient, byTokens *clients.Limit

	mu        sync.Mutex
	known     *recent.Map[string, *seen] // sessions that Stripe knows, by id
	strangers *recent.Map[string, *seen] // all other ids
}

func newSessions(stripe CheckoutReader, live bool, t tokens,
	sync func(context.Context, lockstep.Checkout) error) *sessions {
	return &sessions{stripe: stripe, live: live, tokens: t, sync: sync,
		ours: rate.NewLimiter(ourPerSecond, ourBurst), strange: rate.NewLimiter(strangePerSecond, strangeBurst),
		byClient: clients.NewLimit(clientEvery, clientBurst), byTokens: clients.NewLimit(tokenEvery, tokenBurst),
		known: recent.New[string, *seen](memory), strangers: recent.New[string, *seen](memory)}
}

// seen is what we remember about one id.
type seen struct {
	mu      sync.Mutex // held during a read from Stripe
	session lockstep.Checkout
	unknown bool
	asked   time.Time // when Stripe said this; zero if never
	looked  bool      // we read it for a returning buyer, not only when we created it
	first   time.Time // when a buyer first asked; zero if never
	active  bool      // a buyer has seen that it is active
}

// known reports whether Stripe has described the session.
func (e *seen) known() bool { return !e.asked.IsZero() && !e.unknown }

// find returns a session as Stripe last described it, and since when a buyer waits. The token is that of
// the return URL. Without a valid one, a session that we do not know yet uses the small budget.
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
	if err := s.read(ctx, id, e); err != nil {
		return lockstep.Checkout{}, time.Time{}, err
	}
	return e.session, e.first, nil
}

// read reads a session from Stripe into its entry. If Stripe fails, it keeps an earlier description. When
// a session is newly complete, it makes the workers sync.
func (s *sessions) read(ctx context.Context, id string, e *seen) error {
	session, err := s.stripe.Checkout(ctx, id)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		e.unknown, e.asked = true, time.Now()
		return errUnknown
	case err != nil && e.known():
		return nil
	case err != nil:
		return err
	}
	news := !e.known() || session.Status != e.session.Status || session.PaymentStatus != e.session.PaymentStatus
	if news && session.Status == "complete" {
		if err := s.sync(ctx, session); err != nil {
			return err
		}
	}
	e.session, e.unknown, e.asked, e.looked = session, false, time.Now(), true
	s.keep(id, e)
	return nil
}

// may reports whether the budgets allow a read of the session now.
func (s *sessions) may(e *seen, client, token string) bool {
	if e.known() {
		return (!e.looked || s.ours.Tokens() > ourBurst/2) && s.ours.Allow()
	}
	if signed, ok := s.tokens.verify(token); ok && s.byTokens.Allow(signed) {
		return s.ours.Allow()
	}
	return s.byClient.Allow(client) && s.strange.Allow()
}

// started remembers a session that we just created or found open.
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

// wasActive reports whether a buyer has seen that the purchase is active. With now, it notes that one does.
func (s *sessions) wasActive(id string, now bool) bool {
	e := s.entry(id)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.active = e.active || now
	return e.active
}

// settled reports whether a session can no longer change at Stripe.
func settled(s lockstep.Checkout) bool {
	return s.Status == "expired" || s.Status == "complete" && s.PaymentStatus != "unpaid"
}

// entry returns what we remember about an id.
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

// keep moves an id to the sessions that Stripe knows.
func (s *sessions) keep(id string, e *seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strangers.Drop(id)
	s.known.Put(id, e)
}
