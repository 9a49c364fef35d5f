package upstream_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/sqlitestore"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// world is a database and simulators that enforce the providers' limits.
type world struct {
	*testing.T
	sim   *simulator.Simulator
	store lockstep.Store
}

// inWorld runs a test in virtual time.
func inWorld(t *testing.T, test func(w *world)) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		sim, err := simulator.New(simulator.Config{RateLimits: true, StripeURL: "http://stripe.test",
			ClerkURL: "http://clerk.test"})
		if err != nil {
			t.Fatal(err)
		}
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		test(&world{t, sim, store})
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// direct is a transport that calls a handler without a network. It takes 20 ms.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(20 * time.Millisecond)
	answer := httptest.NewRecorder()
	served := r.Clone(r.Context())
	served.RequestURI = r.URL.RequestURI()
	if served.Body == nil {
		served.Body = http.NoBody
	}
	d.handler.ServeHTTP(answer, served)
	return answer.Result(), nil
}

// replica is the part of a process that makes calls.
type replica struct {
	billing   *stripebilling.Client
	directory *clerkdirectory.Client
	fleet     *upstream.Fleet
	stop      chan struct{}
	callers   sync.WaitGroup
	made      atomic.Int64
	refused   atomic.Int64
}

func (w *world) replica() *replica {
	w.Helper()
	r := &replica{stop: make(chan struct{})}
	var err error
	if r.billing, err = stripebilling.New(stripebilling.Config{Key: simulator.DefaultStripeKey,
		BaseURL:    "http://stripe.test",
		HTTPClient: &http.Client{Transport: direct{w.sim.StripeHandler()}}}); err != nil {
		w.Fatal(err)
	}
	if r.directory, err = clerkdirectory.New(clerkdirectory.Config{Key: simulator.DefaultClerkKey,
		BaseURL:    "http://clerk.test",
		HTTPClient: &http.Client{Transport: direct{w.sim.ClerkHandler()}}}); err != nil {
		w.Fatal(err)
	}
	r.fleet = upstream.NewFleet(w.store, slog.New(slog.DiscardHandler), r.billing.Gate(), r.directory.Gate())
	return r
}

// work starts callers that repeat a call until the replica dies.
func (r *replica) work(callers int, call func(ctx context.Context) error) {
	for range callers {
		r.callers.Go(func() {
			for {
				select {
				case <-r.stop:
					return
				default:
				}
				err := call(lockstep.WithPriority(context.Background(), lockstep.Background))
				var refused *lockstep.UpstreamError
				switch {
				case errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests:
					r.refused.Add(1)
				case err == nil:
					r.made.Add(1)
				default:
					time.Sleep(100 * time.Millisecond)
				}
			}
		})
	}
}

func (r *replica) askStripe(ctx context.Context) error {
	_, err := r.billing.Subscriptions(ctx, "cus_1")
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil
	}
	return err
}

func (r *replica) askClerk(ctx context.Context) error {
	_, _, err := r.directory.Identities(ctx, lockstep.User, "")
	return err
}

// die ends the replica as kill -9 would, without telling the others.
func (r *replica) die() {
	close(r.stop)
	r.callers.Wait()
}

// leave ends the replica as SIGTERM would.
func (r *replica) leave(w *world) {
	w.Helper()
	r.die()
	if err := r.fleet.Close(w.Context()); err != nil {
		w.Error(err)
	}
}

// perSecond measures a replica's calls a second, over five seconds.
func (r *replica) perSecond() float64 {
	before := r.made.Load()
	time.Sleep(5 * time.Second)
	return float64(r.made.Load()-before) / 5
}

func TestReplicasShareAProvidersLimits(t *testing.T) {
	for provider, c := range map[string]struct {
		ask    func(*replica) func(context.Context) error
		alone  float64 // nine tenths of the limit
		beside float64 // another; Stripe's share is then too small for more than four fifths of it
	}{
		"stripe": {func(r *replica) func(context.Context) error { return r.askStripe }, 22.5, 10},
		"clerk":  {func(r *replica) func(context.Context) error { return r.askClerk }, 9, 4.5},
	} {
		t.Run(provider, func(t *testing.T) {
			inWorld(t, func(w *world) {
				first, second := w.replica(), w.replica()
				first.work(5, c.ask(first))
				time.Sleep(10 * time.Second) // the burst is spent
				alone := first.perSecond()
				second.work(5, c.ask(second))
				time.Sleep(3 * time.Second)
				half := first.perSecond()
				second.die()
				time.Sleep(7 * time.Second)
				again := first.perSecond()
				third := w.replica()
				third.work(5, c.ask(third))
				time.Sleep(3 * time.Second)
				beside := first.perSecond()
				third.leave(w)
				time.Sleep(2 * time.Second)
				last := first.perSecond()
				first.leave(w)
				if err := second.fleet.Close(w.Context()); err != nil {
					w.Error(err)
				}

				near := func(what string, got, want float64) {
					if got < want*0.9 || got > want*1.1 {
						w.Errorf("%s: %.1f calls a second, want about %.1f", what, got, want)
					}
				}
				near("alone", alone, c.alone)
				near("beside another", half, c.beside)
				near("seven seconds after the other was killed", again, c.alone)
				near("beside a third", beside, c.beside)
				near("two seconds after that ended", last, c.alone)
				if n := first.refused.Load() + second.refused.Load() + third.refused.Load(); n > 0 {
					w.Errorf("%s refused %d calls as too many", provider, n)
				}
				if fleet, err := w.store.Fleet(w.Context()); err != nil || fleet.Replicas > 0 {
					w.Errorf("when all are gone, %d are at work, %v", fleet.Replicas, err)
				}
			})
		})
	}
}

// A pause that one replica meets holds for all, and for one that starts later.
func TestAPauseHoldsForAllReplicas(t *testing.T) {
	inWorld(t, func(w *world) {
		first, second := w.replica(), w.replica()
		first.work(1, first.askStripe)
		second.work(1, second.askStripe)
		time.Sleep(5 * time.Second)
		w.sim.AddFault(simulator.Fault{Side: "stripe", Status: 429, Header: http.Header{"Retry-After": {"120"}}, Times: 1})
		time.Sleep(2 * time.Second)
		began := time.Now()
		third := w.replica()
		third.work(1, third.askStripe)
		time.Sleep(2 * time.Second)
		before := w.calls()
		time.Sleep(100 * time.Second)
		if n := w.calls() - before; n > 0 {
			t.Errorf("%d calls during the pause", n)
		}
		time.Sleep(120*time.Second - time.Since(began))
		before = w.calls()
		time.Sleep(10 * time.Second)
		if n := w.calls() - before; n == 0 {
			t.Error("no calls after the pause")
		}
		for _, r := range []*replica{first, second, third} {
			r.leave(w)
		}
	})
}

func (w *world) calls() int { return w.sim.CountRequests(func(simulator.Entry) bool { return true }) }
