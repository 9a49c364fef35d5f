package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// paced is a provider with a window of one second. A 429 to a POST is about the object, unless it names "everything".
var paced = Rules{Provider: "acme", Pace: Pace{Window: time.Second, Names: []string{"things", "others"},
	Reach: func(method string, e *lockstep.UpstreamError) Reach {
		switch {
		case e.Limit == "everything":
			return Everything
		case method == http.MethodPost:
			return OneObject
		}
		return OneEndpoint
	}}}

// probe records when calls are made.
type probe struct {
	mu sync.Mutex
	at []time.Time
}

func (p *probe) call() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = append(p.at, time.Now())
	return nil
}

func (p *probe) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.at)
}

// most returns the largest number of calls in any window of that length.
func (p *probe) most(window time.Duration) int {
	most := 0
	for i, first := range p.at {
		n := 0
		for _, at := range p.at[i:] {
			if at.Sub(first) < window {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func as(p lockstep.Priority) context.Context {
	return lockstep.WithPriority(context.Background(), p)
}

func refusing(e lockstep.UpstreamError) func() error {
	e.Status = http.StatusTooManyRequests
	return func() error { return &e }
}

// delayed returns for how long a call was postponed. It fails the test if it was not.
func delayed(t *testing.T, err error) time.Duration {
	t.Helper()
	var d *lockstep.DelayError
	if !errors.As(err, &d) || !d.Untried {
		t.Fatalf("got %v, want a delay that does not count as an attempt", err)
	}
	return d.After
}

func TestCallsStayWithinTheLimitInEveryWindow(t *testing.T) {
	for _, window := range []time.Duration{time.Second, 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			rules := paced
			rules.Pace.Window = window
			gate := rules.NewGate(lockstep.Limits{PerSecond: 25})
			began, made := time.Now(), &probe{}
			var callers sync.WaitGroup
			for range 10 {
				callers.Go(func() {
					for range 60 {
						if err := gate.Call(as(lockstep.Background), "GET", "/v1/things", made.call); err != nil {
							t.Error(err)
						}
					}
				})
			}
			callers.Wait()
			if most, limit := made.most(window), int(25*window.Seconds()); most > limit || most < limit*3/4 {
				t.Errorf("%d calls within %s; %d are allowed", most, window, limit)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("600 calls took %s", took)
			}
		})
	}
}

func TestAnEndpointHasALimitOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 100, PerEndpoint: 10})
		things, others := &probe{}, &probe{}
		var callers sync.WaitGroup
		for i := range 40 {
			callers.Go(func() { _ = gate.Call(as(lockstep.Normal), "GET", fmt.Sprintf("/v1/things/%d", i), things.call) })
		}
		synctest.Wait()
		if err := gate.Call(as(lockstep.Normal), "GET", "/v1/others", others.call); err != nil {
			t.Error(err)
		}
		callers.Wait()
		if most := things.most(time.Second); most > 10 || len(things.at) != 40 {
			t.Errorf("%d calls of %d to one endpoint within a second", most, len(things.at))
		}
		if waited := others.at[0].Sub(things.at[0]); waited > 0 {
			t.Errorf("a call to another endpoint waited %s", waited)
		}
	})
}

func TestInteractiveCallsGoFirstAndNoneStarve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 50})
		ctx, stop := context.WithCancel(t.Context())
		background := &probe{}
		var callers sync.WaitGroup
		for range 30 {
			callers.Go(func() {
				for ctx.Err() == nil {
					_ = gate.Call(as(lockstep.Background), "GET", "/v1/things", background.call)
				}
			})
		}
		time.Sleep(10 * time.Second)
		if rate := background.count() / 10; rate < 38 {
			t.Errorf("%d background calls a second when there are no others", rate)
		}
		// A part of the burst is reserved for interactive calls; further ones overtake the thirty background calls.
		began := time.Now()
		for i := range 10 {
			if err := gate.Call(as(lockstep.Interactive), "GET", "/v1/things", func() error { return nil }); err != nil {
				t.Error(err)
			}
			if waited := time.Since(began); i == 1 && waited > 0 {
				t.Errorf("the first two interactive calls waited %s despite the reserve", waited)
			}
		}
		if waited := time.Since(began); waited > 300*time.Millisecond {
			t.Errorf("ten interactive calls took %s behind background calls", waited)
		}
		// Under constant interactive load, background calls still get a tenth of the rate.
		for range 30 {
			callers.Go(func() {
				for ctx.Err() == nil {
					_ = gate.Call(as(lockstep.Interactive), "GET", "/v1/others", func() error { return nil })
				}
			})
		}
		synctest.Wait()
		before := background.count()
		time.Sleep(10 * time.Second)
		if rate := (background.count() - before) / 10; rate < 2 || rate > 5 {
			t.Errorf("%d background calls a second under constant interactive load", rate)
		}
		stop()
		callers.Wait()
	})
}

func TestRetryAfterPausesOnlyTheEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 100})
		things := func(id string) error {
			return gate.Call(as(lockstep.Normal), "GET", "/v1/things/"+id, func() error { return nil })
		}
		_ = gate.Call(as(lockstep.Normal), "GET", "/v1/things/1",
			refusing(lockstep.UpstreamError{RetryAfter: 10 * time.Minute}))
		if after := delayed(t, things("2")); after < 10*time.Minute || after > 13*time.Minute {
			t.Errorf("postponed for %s", after)
		}
		if err := gate.Call(as(lockstep.Normal), "GET", "/v1/others", func() error { return nil }); err != nil {
			t.Errorf("another endpoint: %v", err)
		}
		if err := gate.Call(as(lockstep.Normal), "POST", "/v1/things/1", func() error { return nil }); err != nil {
			t.Errorf("another method: %v", err)
		}
		time.Sleep(10*time.Minute - 2*time.Second)
		began := time.Now()
		if err := things("3"); err != nil || time.Since(began) < 2*time.Second {
			t.Errorf("two seconds before the pause ends: %v after %s", err, time.Since(began))
		}
	})
}

func TestOneRefusedObjectIsPausedTwoPauseTheEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 100})
		post := func(id string, call func() error) error {
			return gate.Call(as(lockstep.Normal), "POST", "/v1/things/"+id, call)
		}
		fine := func() error { return nil }
		_ = post("1", refusing(lockstep.UpstreamError{RetryAfter: time.Minute}))
		delayed(t, post("1", fine))
		if err := post("2", fine); err != nil {
			t.Fatalf("another object: %v", err)
		}
		_ = post("2", refusing(lockstep.UpstreamError{RetryAfter: time.Minute}))
		delayed(t, post("3", fine))
		time.Sleep(time.Minute)
		for _, id := range []string{"1", "2", "3"} {
			if err := post(id, fine); err != nil {
				t.Errorf("%s a minute later: %v", id, err)
			}
		}
	})
}

func TestRefusalsWithoutRetryAfterHalveTheRateForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, limit := range []string{"", "everything"} {
			gate := paced.NewGate(lockstep.Limits{PerSecond: 100})
			for range 3 { // at once, so they count as one
				_ = gate.Call(as(lockstep.Normal), "GET", "/v1/things", refusing(lockstep.UpstreamError{Limit: limit}))
			}
			rate := func(path string) int {
				made := 0
				for began := time.Now(); time.Since(began) < time.Second; made++ {
					if err := gate.Call(as(lockstep.Normal), "GET", path, func() error { return nil }); err != nil {
						t.Fatal(err)
					}
				}
				return made
			}
			if r := rate("/v1/things"); r < 35 || r > 50 {
				t.Errorf("limit %q: %d calls in the second after a refusal", limit, r)
			}
			if r := rate("/v1/others"); limit == "" && r < 70 || limit != "" && r > 60 {
				t.Errorf("limit %q: %d calls to another endpoint", limit, r)
			}
			time.Sleep(20 * time.Second)
			if r := rate("/v1/things"); r < 80 {
				t.Errorf("limit %q: %d calls a second long after the refusal", limit, r)
			}
		}
	})
}

func TestACallThatWouldWaitTooLongIsPostponed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 1})
		var mu sync.Mutex
		outcomes := map[bool]int{}
		var callers sync.WaitGroup
		for range 40 {
			callers.Go(func() {
				err := gate.Call(as(lockstep.Normal), "GET", "/v1/things", func() error { return nil })
				mu.Lock()
				defer mu.Unlock()
				outcomes[err == nil]++
			})
		}
		began := time.Now()
		callers.Wait()
		if took := time.Since(began); took > maxWait || outcomes[true] < 10 || outcomes[false] < 10 {
			t.Errorf("%d made, %d postponed, in %s", outcomes[true], outcomes[false], took)
		}
		short, cancel := context.WithTimeout(as(lockstep.Normal), callTime)
		defer cancel()
		_ = gate.Call(as(lockstep.Normal), "GET", "/v1/things", func() error { return nil })
		delayed(t, gate.Call(short, "GET", "/v1/things", func() error { return nil }))
	})
}

func TestACanceledCallLeavesTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := paced.NewGate(lockstep.Limits{PerSecond: 1})
		_ = gate.Call(as(lockstep.Normal), "GET", "/v1/things", func() error { return nil })
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		time.AfterFunc(100*time.Millisecond, func() { cancel(gone) })
		if err := gate.Call(ctx, "GET", "/v1/things", func() error { return nil }); !errors.Is(err, gone) ||
			len(gate.line) != 0 {
			t.Errorf("%v, %d in the line", err, len(gate.line))
		}
	})
}

func TestPathsThatDifferInIDsAreOneEndpoint(t *testing.T) {
	gate := paced.NewGate(lockstep.Limits{PerSecond: 100})
	var got []string
	for _, path := range []string{"/v1/things/thing_1", "/things/thing_2", "/v1/things/a b/others/x", "/v1/things"} {
		got = append(got, gate.endpoint("GET", path))
	}
	want := []string{"GET /v1/things/{}", "GET /v1/things/{}", "GET /v1/things/{}/others/{}", "GET /v1/things"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
