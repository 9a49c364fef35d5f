package activation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
)

// counted is a Stripe that knows the sessions that are not guessed, and counts the requests.
type counted struct{ asked map[string]int }

func (d *counted) Checkout(_ context.Context, id string) (lockstep.Checkout, error) {
	d.asked[id]++
	if strings.Contains(id, "guess") {
		return lockstep.Checkout{}, lockstep.ErrNotFound
	}
	return lockstep.Checkout{ID: id, Mode: "payment", Status: "open", PaymentStatus: "unpaid"}, nil
}

// all returns how many requests Stripe got.
func (d *counted) all() (n int) {
	for _, times := range d.asked {
		n += times
	}
	return n
}

// bought returns the id of a real session, guessed a made-up one.
func bought(n int) string  { return fmt.Sprintf("cs_test_bought%020d", n) }
func guessed(n int) string { return fmt.Sprintf("cs_test_guess%020d", n) }

// from returns the context of a request from a client.
func from(t *testing.T, client string) (ctx context.Context) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	request.RemoteAddr = client + ":1"
	clients.Proxies{}.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { ctx = r.Context() })).
		ServeHTTP(httptest.NewRecorder(), request)
	return ctx
}

// counter runs a test in virtual time, with a Stripe that counts requests.
func counter(t *testing.T, test func(t *testing.T, s *sessions, stripe *counted)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stripe := &counted{asked: map[string]int{}}
		test(t, newSessions(stripe, false, newTokens("sk_test_1"),
			func(context.Context, lockstep.Checkout) error { return nil }), stripe)
	})
}

// TestOneClientLeavesRoomForAnother: however many ids a client guesses, another one without a token is served, and
// the first may ask again after a while.
func TestOneClientLeavesRoomForAnother(t *testing.T) {
	counter(t, func(t *testing.T, s *sessions, stripe *counted) {
		guess := from(t, "203.0.113.7")
		for n := range 1000 {
			if _, _, err := s.find(guess, guessed(n), ""); !errors.Is(err, errUnknown) && !errors.Is(err, errBusy) {
				t.Fatal(err)
			}
		}
		if n := stripe.all(); n != clientBurst {
			t.Errorf("Stripe was asked %d times for one client, want %d", n, clientBurst)
		}
		if _, _, err := s.find(from(t, "203.0.113.8"), bought(1), ""); err != nil {
			t.Errorf("another client: %v", err)
		}
		if _, _, err := s.find(guess, bought(2), ""); !errors.Is(err, errBusy) {
			t.Errorf("the client itself, at once: %v", err)
		}
		time.Sleep(clientEvery)
		if _, _, err := s.find(guess, bought(2), ""); err != nil {
			t.Errorf("the client itself, later: %v", err)
		}
	})
}

// TestATokenIsServedAmidAFloodOfManyClients: a valid token is; a forged one and one of another key are not.
func TestATokenIsServedAmidAFloodOfManyClients(t *testing.T) {
	counter(t, func(t *testing.T, s *sessions, stripe *counted) {
		forged := strings.Repeat("x", tokenText)
		others := newTokens("sk_test_2").sign("purchase")
		own := s.tokens.sign("purchase")
		for n := range 1000 {
			_, _, _ = s.find(from(t, fmt.Sprintf("203.0.%d.%d", n/250, n%250)), guessed(n),
				[]string{"", forged, others, own[:tokenText-1], "x" + own[1:]}[n%5])
		}
		if n := stripe.all(); n != strangeBurst {
			t.Errorf("Stripe was asked %d times, want %d", n, strangeBurst)
		}
		for name, token := range map[string]string{"none": "", "forged": forged, "another key's": others} {
			if _, _, err := s.find(from(t, "198.51.100.1"), bought(1), token); !errors.Is(err, errBusy) {
				t.Errorf("with the token %s: %v", name, err)
			}
		}
		if _, _, err := s.find(from(t, "203.0.0.1"), bought(1), own); err != nil {
			t.Errorf("with our token: %v", err)
		}
	})
}

// TestOneTokenAsksForFewSessions: its buyer could try other ids with it.
func TestOneTokenAsksForFewSessions(t *testing.T) {
	counter(t, func(t *testing.T, s *sessions, stripe *counted) {
		for n := range 100 {
			_, _, _ = s.find(from(t, fmt.Sprintf("203.0.113.%d", n)), guessed(n), s.tokens.sign("one purchase"))
		}
		if n := stripe.all(); n != tokenBurst+strangeBurst {
			t.Errorf("Stripe was asked %d times, want %d", n, tokenBurst+strangeBurst)
		}
		if _, _, err := s.find(from(t, "203.0.113.1"), bought(1), s.tokens.sign("another purchase")); err != nil {
			t.Errorf("another purchase's token: %v", err)
		}
	})
}

// TestStripeIsAskedOnlyAboutWhatCanBeASession: and only once about an unknown id.
func TestStripeIsAskedOnlyAboutWhatCanBeASession(t *testing.T) {
	for name, id := range map[string]string{
		"of the other mode": "cs_live_" + strings.Repeat("a", 30),
		"too short":         "cs_test_a",
		"too long":          "cs_test_" + strings.Repeat("a", 201),
		"another object":    "sub_" + strings.Repeat("a", 30),
		"a path":            "cs_test_" + strings.Repeat("a", 30) + "/expire",
		"a line after it":   bought(1) + "\n",
		"nothing":           "",
	} {
		t.Run(name, func(t *testing.T) {
			counter(t, func(t *testing.T, s *sessions, stripe *counted) {
				_, _, err := s.find(from(t, "203.0.113.1"), id, s.tokens.sign("purchase"))
				if !errors.Is(err, errUnknown) || stripe.all() != 0 {
					t.Errorf("%q: %v, after %d questions", id, err, stripe.all())
				}
			})
		})
	}
	t.Run("one that Stripe does not know", func(t *testing.T) {
		counter(t, func(t *testing.T, s *sessions, stripe *counted) {
			for n := range 100 {
				if _, _, err := s.find(from(t, fmt.Sprintf("203.0.113.%d", n)), guessed(1), ""); !errors.Is(err, errUnknown) {
					t.Fatal(err)
				}
			}
			if n := stripe.all(); n != 1 {
				t.Errorf("Stripe was asked %d times", n)
			}
		})
	})
}

// TestKnownSessionsSurviveAFlood: guessed ids do not evict them, neither those that we started nor those that a
// buyer asked about.
func TestKnownSessionsSurviveAFlood(t *testing.T) {
	counter(t, func(t *testing.T, s *sessions, _ *counted) {
		s.started(lockstep.Checkout{ID: bought(1), Mode: "payment", Status: "open"})
		if _, _, err := s.find(from(t, "198.51.100.1"), bought(2), ""); err != nil {
			t.Fatal(err)
		}
		flood := from(t, "203.0.113.7")
		for n := range 3 * memory {
			_, _, _ = s.find(flood, guessed(n), "")
		}
		for n := 1; n <= 2; n++ {
			if _, _, err := s.find(flood, bought(n), ""); err != nil {
				t.Errorf("session %d: %v", n, err)
			}
		}
	})
}
