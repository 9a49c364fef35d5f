package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
)

// heldDirectory answers when the test lets it.
type heldDirectory struct {
	lockstep.Directory
	asked  atomic.Int64
	answer chan error
}

func (d *heldDirectory) Identity(ctx context.Context, _ lockstep.Account) (lockstep.Identity, error) {
	d.asked.Add(1)
	select {
	case err := <-d.answer:
		return lockstep.Identity{}, err
	case <-ctx.Done():
		return lockstep.Identity{}, context.Cause(ctx)
	}
}

func lookups(d *heldDirectory) (n *newcomers, marked *atomic.Int64) {
	marked = &atomic.Int64{}
	return newNewcomers(d, func(_ context.Context, marks ...lockstep.Mark) error {
		marked.Add(int64(len(marks)))
		return nil
	}, func() {}), marked
}

func user(n int) lockstep.Account {
	return lockstep.Account{Kind: lockstep.User, ID: fmt.Sprintf("user_%d", n)}
}

// TestAFloodOfMadeUpIDsIsBounded: excess lookups are refused at once, and browsers, which can ask only for their own
// account, have separate slots.
func TestAFloodOfMadeUpIDsIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &heldDirectory{answer: make(chan error)}
		n, marked := lookups(d)
		refused := make(chan error, 100)
		for i := range 100 {
			go func() {
				_, err := n.exists(t.Context(), user(i), true)
				refused <- err
			}()
		}
		synctest.Wait()
		if d.asked.Load() != lookupsAtOnce || len(refused) != 100-lookupsAtOnce {
			t.Errorf("of 100 at once %d are looked up and %d are refused", d.asked.Load(), len(refused))
		}
		for range len(refused) {
			var delayed *lockstep.DelayError
			if err := <-refused; !errors.As(err, &delayed) {
				t.Errorf("one is refused with: %v", err)
			}
		}
		browser := make(chan error, 1)
		go func() {
			_, err := n.exists(t.Context(), user(1000), false)
			browser <- err
		}()
		synctest.Wait()
		if len(browser) != 0 || d.asked.Load() != lookupsAtOnce+1 {
			t.Error("a browser has no separate slot")
		}
		close(d.answer) // each exists
		synctest.Wait()
		if err := <-browser; err != nil || marked.Load() != lookupsAtOnce+1 {
			t.Errorf("the browser is answered %v; %d accounts are marked", err, marked.Load())
		}
	})
}

// TestAnAnswerOfTheDirectoryIsReusedForAMoment, whether it is yes or no. An error is not reused.
func TestAnAnswerOfTheDirectoryIsReusedForAMoment(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer error
		calls  int64 // for three requests; the last one is late
	}{
		"yes":      {nil, 2},
		"no":       {lockstep.ErrNotFound, 2},
		"an error": {errors.New("no connection"), 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &heldDirectory{answer: make(chan error, 3)}
				n, marked := lookups(d)
				for range 3 {
					d.answer <- tt.answer
				}
				for _, wait := range []time.Duration{0, lookupFresh - time.Millisecond, time.Millisecond} {
					time.Sleep(wait)
					exists, err := n.exists(t.Context(), user(1), true)
					if exists != (tt.answer == nil) || (err != nil) != (name == "an error") {
						t.Errorf("answered %v, %v", exists, err)
					}
				}
				if d.asked.Load() != tt.calls || (marked.Load() > 0) != (tt.answer == nil) {
					t.Errorf("%d lookups, %d marks", d.asked.Load(), marked.Load())
				}
			})
		})
	}
}

// TestALookupOutlivesTheCallerWhoBeganIt: other callers may share it.
func TestALookupOutlivesTheCallerWhoBeganIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &heldDirectory{answer: make(chan error)}
		n, _ := lookups(d)
		leaving, leave := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		for _, ctx := range []context.Context{leaving, t.Context()} {
			go func() {
				_, err := n.exists(ctx, user(1), true)
				errs <- err
			}()
			synctest.Wait()
		}
		leave()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller who left got: %v", err)
		}
		d.answer <- nil
		if err := <-errs; err != nil || d.asked.Load() != 1 {
			t.Errorf("the caller who stayed got: %v, after %d lookups", err, d.asked.Load())
		}
	})
}

// synced is memory that has an account from the second read on, because the workers synced it meanwhile. If
// broken, the database fails from then on.
type synced struct {
	Records
	reads   int
	account lockstep.Account
	broken  error
}

func (s *synced) InMemory(lockstep.Account, time.Time) (*watch.Entry, bool) { return nil, false }

func (s *synced) Entry(context.Context, lockstep.Account) (*watch.Entry, error) {
	if s.reads++; s.reads == 1 {
		return nil, lockstep.ErrNotFound
	}
	return &watch.Entry{Record: lockstep.Record{Account: s.account, State: lockstep.AccountActive,
		Licenses: []lockstep.License{{ID: "pi_1"}}}}, s.broken
}

func (s *synced) Record(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	entry, err := s.Entry(ctx, account)
	if err != nil {
		return lockstep.Record{}, err
	}
	return entry.Record, nil
}

// TestAnAccountThatIsSyncedDuringItsLookupHasItsAccess: in process, as over HTTP.
func TestAnAccountThatIsSyncedDuringItsLookupHasItsAccess(t *testing.T) {
	t.Parallel()
	d := &heldDirectory{answer: make(chan error, 1)}
	d.answer <- nil
	n, _ := lookups(d)
	a := &API{Records: &synced{account: user(1)}, newcomers: n}
	access, err := a.Access(t.Context(), user(1))
	if err != nil || len(access.Reasons) != 1 {
		t.Errorf("%+v, %v; want the license's access", access, err)
	}
}

// TestAnAccountThatCannotBeReadAfterItsLookupIsUnknown: it may have been synced during the lookup, so an empty record
// could deny what was paid for.
func TestAnAccountThatCannotBeReadAfterItsLookupIsUnknown(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	start := func() *API {
		d := &heldDirectory{answer: make(chan error, 1)}
		d.answer <- nil
		n, _ := lookups(d)
		return &API{Records: &synced{account: user(1), broken: broken}, newcomers: n, Log: slog.New(slog.DiscardHandler)}
	}
	if access, err := start().Access(t.Context(), user(1)); !errors.Is(err, broken) {
		t.Errorf("in process: %+v, %v", access, err)
	}
	a := start()
	if record, _, err := a.known(t.Context(), user(1), a.Records.Record); err == nil {
		t.Errorf("over HTTP: %+v", record)
	}
}
