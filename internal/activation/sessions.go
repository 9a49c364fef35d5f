package activation

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// freshness is how long what Stripe said of a session that may change is believed.
	freshness = 3 * time.Second
	// memory is how many sessions are remembered, known and unknown.
	memory = 10_000
	// unknownFor is how long an id that Stripe did not know is not asked for again.
	unknownFor = time.Minute
	// burst and perSecond bound what is asked of Stripe: a fifth of its limit in test mode.
	burst, perSecond = 20, 5
)

var (
	errUnknown = errors.New("there is no such session")
	errBusy    = errors.New("too many sessions are looked up at the moment")
)

var sessionID = regexp.MustCompile(`^cs_[A-Za-z0-9_]{1,200}$`)

// sessions is what Stripe said of sessions.
type sessions struct {
	till Till
	wake func(ctx context.Context, s lockstep.Checkout) error // has the workers look

	mu     sync.Mutex
	seen   map[string]*seen
	tokens float64 // of the bucket that bounds what is asked of Stripe
	at     time.Time
}

// seen is what is remembered of one session.
type seen struct {
	mu      sync.Mutex // held while Stripe is asked
	session lockstep.Checkout
	unknown bool
	asked   time.Time // zero: never
	first   time.Time // when somebody asked first
	active  bool      // it was said to be active
}

// find returns a session as Stripe described it lately, and since when somebody waits
// for it.
func (s *sessions) find(ctx context.Context, id string) (lockstep.Checkout, time.Time, error) {
	if !sessionID.MatchString(id) {
		return lockstep.Checkout{}, time.Time{}, errUnknown
	}
	e := s.entry(id)
	e.mu.Lock()
	defer e.mu.Unlock()
	if age := time.Since(e.asked); e.unknown && age < unknownFor {
		return lockstep.Checkout{}, time.Time{}, errUnknown
	} else if !e.asked.IsZero() && !e.unknown && (settled(e.session) || age < freshness) {
		return e.session, e.first, nil
	}
	if !s.take() {
		if !e.asked.IsZero() && !e.unknown {
			return e.session, e.first, nil
		}
		return lockstep.Checkout{}, time.Time{}, errBusy
	}
	session, err := s.till.Checkout(ctx, id)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		e.unknown, e.asked = true, time.Now()
		return lockstep.Checkout{}, time.Time{}, errUnknown
	case err != nil && !e.asked.IsZero() && !e.unknown:
		return e.session, e.first, nil // what we know is still true, or will be told
	case err != nil:
		return lockstep.Checkout{}, time.Time{}, err
	}
	news := e.asked.IsZero() || e.unknown || session.Status != e.session.Status || session.PaymentStatus != e.session.PaymentStatus
	if news && session.Status == "complete" {
		if err := s.wake(ctx, session); err != nil {
			return lockstep.Checkout{}, time.Time{}, err
		}
	}
	e.session, e.unknown, e.asked = session, false, time.Now()
	return session, e.first, nil
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

// entry is what is remembered of an id. When there is no room, all is forgotten: it is
// found again at the price of one question.
func (s *sessions) entry(id string) *seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.seen[id]
	if e == nil {
		if s.seen == nil || len(s.seen) >= memory {
			s.seen = map[string]*seen{}
		}
		e = &seen{first: time.Now()}
		s.seen[id] = e
	}
	return e
}

// take takes a token of the bucket, if there is one.
func (s *sessions) take() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.at.IsZero() {
		s.tokens = burst
	} else {
		s.tokens = min(burst, s.tokens+now.Sub(s.at).Seconds()*perSecond)
	}
	s.at = now
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}
