package simtest

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/check/openapicheck"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

var (
	seeds = flag.Uint64("seeds", defaultSeeds, "how many seeds to run")
	seed  = flag.Uint64("seed", 0, "run this seed alone, and log what happens")
	first = flag.Uint64("first", 1, "the first seed")
)

// TestWorld simulates a world for each of many seeds.
func TestWorld(t *testing.T) {
	t.Parallel()
	if *seed != 0 {
		live(t, *seed, true)
		return
	}
	numbers := make(chan uint64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := range numbers {
				t.Run(fmt.Sprintf("seed %d", n), func(t *testing.T) { live(t, n, false) })
			}
		})
	}
	for n := *first; n < *first+*seeds; n++ {
		if t.Failed() {
			break // one failing seed is enough
		}
		numbers <- n
	}
	close(numbers)
	workers.Wait()
}

// scratch returns a folder with an empty database, in memory if possible: virtual months commit often, and other
// tests cover power cuts.
func scratch(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "lockstep-world-")
	if err != nil {
		return filepath.Dir(sqlitetest.Path(t))
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	sqlitetest.Create(t, filepath.Join(dir, "lockstep.db"))
	return dir
}

// live runs a world of one seed and checks it.
func live(t *testing.T, seed uint64, loud bool) {
	dir := scratch(t)
	synctest.Test(t, func(t *testing.T) {
		w := create(t, seed, dir, loud)
		w.live()
		var problems []string
		if !w.oracle.endless() { // otherwise the world never settles
			w.settle()
			problems = w.check()
		}
		problems = append(problems, w.oracle.problems...)
		w.destroy()
		if seed < *first+2 || loud {
			openapicheck.Check(t, w.sim.History()) // the logged seed repeats it
		}
		for _, p := range problems {
			t.Error(p)
		}
		if t.Failed() {
			t.Logf("run it again: go test ./internal/check/simtest -run TestWorld -count=1 -seed=%d", seed)
		}
	})
}

// world is a simulated business with everything around it.
type world struct {
	t   *testing.T
	dir string
	rng *rand.Rand
	net *network
	sim *simulator.Simulator
	log *slog.Logger // the world's own

	serviceLog *slog.Logger
	outside    *party // buyers and apps
	service    *service
	oracle     *oracle
	prices     map[string]string // by lookup key
	calls      sync.WaitGroup    // checkouts in progress
	stops      []func()
	signUps    int
	lies       int
	gone       []string // deleted accounts

	discarded  map[string]bool // customers that someone deleted at Stripe
	listener   *listener
	mailServer *mailServer
	disputes   map[string]string            // open ones, by payment intent
	taken      map[string]bool              // payments that a dispute has taken back
	refunded   map[string][]time.Time       // payments that were refunded, and when
	downSince  time.Time                    // when an outage of the service started
	away       bool                         // an outage lasted so long that refunds in it are old news
	clerkIs    atomic.Pointer[http.Handler] // another instance; nil means the simulator
	rotated    string                       // another key of the same Clerk instance; may be empty
	change     func(*server.Config)         // applied to services booted from now on; may be nil
	doom       *doom                        // of the next service; nil means that it lives
	replanned  map[string]bool              // subscriptions whose plan was changed
	edited     map[string]edit              // customers that someone has edited
	hanging    time.Time                    // until when a request of the service may hang
	// key of the Clerk instance that the business moved to; empty if it did not move
	movedKey       string
	former         map[string]string // by account of the former Clerk instance: the present account
	unnoticed      map[string]bool   // accounts whose deletion Lockstep did not know before the move
	prior          map[string]bool   // checkouts from long before Lockstep's first start
	customerBefore map[string]string // by account: its customer from before Lockstep's first start
	named          map[string]string // by customer that only Clerk's private metadata names: its account
}

// create creates a world. changes apply to the configuration of its simulators.
func create(t *testing.T, seed uint64, dir string, loud bool, changes ...func(*simulator.Config)) *world {
	w := &world{t: t, dir: dir, rng: rand.New(rand.NewPCG(seed, 1)), net: newNetwork(seed),
		log: slog.New(slog.DiscardHandler), prices: map[string]string{}, oracle: newOracle(), discarded: map[string]bool{},
		replanned: map[string]bool{}, edited: map[string]edit{},
		former: map[string]string{}, unnoticed: map[string]bool{}, prior: map[string]bool{}, named: map[string]string{},
		customerBefore: map[string]string{}, disputes: map[string]string{}, taken: map[string]bool{},
		refunded:   map[string][]time.Time{},
		mailServer: &mailServer{mails: map[string]int{}, said: map[string]int{}}}
	debug := &slog.HandlerOptions{Level: slog.LevelDebug}
	w.serviceLog = slog.New(slog.NewJSONHandler(w.oracle, debug))
	if loud {
		w.log = slog.New(slog.NewTextHandler(os.Stderr, debug))
		w.serviceLog = slog.New(slog.NewTextHandler(io.MultiWriter(os.Stderr, w.oracle), debug))
	}
	w.outside = w.net.party()
	w.simulate(seed, changes)
	if established(seed, changes) {
		w.establish()
	}
	w.service = w.boot()
	if len(w.sim.Users()) > 0 { // some are noticed before the backfill ends
		w.changeUser()
		w.changeUser()
	}
	// We promise nothing about events from before a new database noted its birth.
	time.Sleep(time.Second)
	return w
}

// simulate creates the simulators, serves them and runs them until the world stops.
func (w *world) simulate(seed uint64, changes []func(*simulator.Config)) {
	sender := w.net.party()
	config := simulator.Config{
		StripeKey: stripeKey, ClerkKey: clerkKey, Seed: seed, PortalSaved: true,
		StripeURL: "http://" + stripeHost, ClerkURL: "http://" + clerkHost,
		HTTPClient: sender.client(15 * time.Second), Logger: slog.New(slog.DiscardHandler),
		StripeWebhooks: []simulator.WebhookEndpoint{{URL: "http://" + serviceHost + "/webhooks/stripe",
			Secret: stripeWebhook}},
		ClerkWebhooks: []simulator.WebhookEndpoint{{URL: "http://" + serviceHost + "/webhooks/clerk", Secret: clerkWebhook}},
	}
	for _, change := range changes {
		change(&config)
	}
	sim, err := simulator.New(config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.sim = sim
	w.addPlans()
	w.serveSimulators()
	ctx, stop := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.sim.Run(ctx) }()
	w.stops = append(w.stops, func() {
		stop()
		if err := <-ended; err != nil && ctx.Err() == nil {
			w.t.Errorf("simulator ended with: %v", err)
		}
		sender.cut()
	})
}

// addPlans creates the plans that are sold.
func (w *world) addPlans() {
	for _, plan := range []simulator.Plan{
		{LookupKey: "basic", ProductName: "Basic", Amount: 500, Currency: "usd", Interval: "month"},
		{LookupKey: "pro", ProductName: "Pro", Amount: 2000, Currency: "usd", Interval: "month"},
		{LookupKey: "life", ProductName: "Life", Amount: 30000, Currency: "usd"},
		{LookupKey: "pass", ProductName: "Pass", Amount: 900, Currency: "usd"},
	} {
		w.prices[plan.LookupKey] = w.sim.AddPlan(plan)
	}
}

// serveSimulators makes the simulators and the listener reachable.
func (w *world) serveSimulators() {
	w.host(stripeHost, w.sim.StripeHandler())
	w.host(clerkHost, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if other := w.clerkIs.Load(); other != nil {
			(*other).ServeHTTP(rw, r)
			return
		}
		if key := r.Header.Get("Authorization"); w.rotated != "" && key == "Bearer "+w.rotated {
			r.Header.Set("Authorization", "Bearer "+clerkKey)
		}
		w.sim.ClerkHandler().ServeHTTP(rw, r)
	}))
	w.listener = newListener(w.t, w.net.seed)
	w.host(listenerHost, w.listener)
}

// host serves a handler under a host's name.
func (w *world) host(name string, handler http.Handler) {
	listener := w.net.listen(name)
	web := &http.Server{Handler: handler}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = web.Serve(listener) // until the listener is closed
	}()
	w.stops = append(w.stops, func() {
		if err := web.Close(); err != nil {
			w.t.Errorf("stop %s: %v", name, err)
		}
		<-ended
	})
}

func (w *world) destroy() {
	w.service.end(w.t)
	w.outside.cut()
	for i := len(w.stops) - 1; i >= 0; i-- {
		w.stops[i]()
	}
}

// settle ends all faults and lets the time pass after which Lockstep promises that everything agrees: a day in which
// it doubts a list that names no known account, two rounds of the sweeps that confirm an absence, and the longest
// backoff.
func (w *world) settle() {
	w.sim.ClearFaults()
	w.sim.SetDelivery(simulator.DeliveryPolicy{})
	if w.service.closed {
		w.service = w.boot()
	}
	w.calls.Wait()
	w.verifyMembers()
	// Not a whole number of hours, or Stripe would retry a payment during the check.
	time.Sleep(5*listEvery + time.Hour + 17*time.Minute)
	synctest.Wait()
}

// verifyMembers syncs the members of organizations, as the daily verify would, which is off here. If one member
// leaves and another joins while both events are lost, nothing else notices.
func (w *world) verifyMembers() {
	for _, org := range w.sim.Organizations() {
		account := lockstep.Account{Kind: lockstep.Organization, ID: org.ID}
		if _, err := w.service.store.Account(w.t.Context(), account); err != nil {
			continue // the sweep must find it
		}
		if err := w.service.store.Mark(w.t.Context(), lockstep.Mark{Key: account.Key(), Scope: lockstep.ScopeMembers,
			Priority: lockstep.Background}); err != nil {
			w.t.Errorf("mark %s: %v", account, err)
		}
	}
}

// call sends JSON to Lockstep's API as an app would. It may fail in these worlds.
func (w *world) call(ctx context.Context, method, url, key string, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return w.send(request, out)
}

func (w *world) send(request *http.Request, out any) (int, error) {
	response, err := w.outside.client(20 * time.Second).Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	if out == nil || response.StatusCode >= 300 {
		return response.StatusCode, nil
	}
	return response.StatusCode, json.Unmarshal(text, out)
}

// say logs a step when a seed runs alone.
func (w *world) say(format string, args ...any) {
	w.log.Info("WORLD " + strings.TrimSpace(fmt.Sprintf(format, args...)))
}
