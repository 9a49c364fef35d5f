package sweep

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// listing is a directory with a list that can change.
type listing struct {
	lockstep.Directory
	twoPages bool // and every other second page is gone

	mu    sync.Mutex
	users []string
	calls int
	lost  bool
}

func (l *listing) Identities(_ context.Context, _ lockstep.Kind,
	cursor string) (page []lockstep.Identity, next string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if cursor != "" {
		if l.lost = !l.lost; l.lost {
			return nil, "", &lockstep.UpstreamError{Provider: "clerk", Op: "list users", Status: http.StatusNotFound}
		}
		return nil, "", nil
	}
	for _, id := range l.users {
		page = append(page, lockstep.Identity{Account: lockstep.Account{Kind: lockstep.User, ID: id}})
	}
	if l.twoPages {
		next = "second"
	}
	return page, next, nil
}

func (l *listing) names(users ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users = users
}

// lines counts the errors of a log while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// take returns how many errors were logged since the last call.
func (l *lines) take() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return strings.Count(l.text.String(), "level=ERROR")
}

// A list that names none of our accounts is logged at once, and then once an hour, however often the
// directory is polled. After a good list it is logged at once again. The test polls every five
// minutes only, because each poll costs some commits.
func TestADoubtIsLoggedOnceAnHour(t *testing.T) {
	for name, tt := range map[string]struct {
		listed   []string // during the doubt
		twoPages bool
	}{
		"an empty list":                 {},
		"only strangers are listed":     {listed: []string{"user_stranger", "user_other"}},
		"a list that begins over again": {listed: []string{"user_stranger"}, twoPages: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := sqlitetest.Path(t)
			synctest.Test(t, func(t *testing.T) {
				store, err := sqlitestore.Open(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				directory, log := &listing{twoPages: tt.twoPages}, &lines{}
				directory.names("user_known")
				// The database has the account as its run leaves it.
				known := reconcileFunc(func(ctx context.Context, claim lockstep.Claim) (runner.Result, error) {
					return runner.Result{}, store.Save(ctx, claim, lockstep.AccountUpdate{Record: lockstep.Record{
						Account: lockstep.Account{Kind: lockstep.User, ID: claim.Key.ID}, State: lockstep.AccountActive}})
				})
				sweeps := &Sweeps{Store: store, Directory: directory, Polled: Polled{Directory: true},
					Intervals: Intervals{DirectoryPoll: 5 * time.Minute}, Log: slog.New(slog.NewTextHandler(log, nil))}
				reconcilers := map[lockstep.KeyKind]runner.Reconciler{lockstep.KeySweep: sweeps, lockstep.KeyUser: known}
				runner := runner.New(store, reconcilers,
					runner.Config{Poll: time.Hour}, slog.New(slog.DiscardHandler))
				mark(t, store, runner, lockstep.Mark{Key: sweepUsers, Priority: lockstep.Background})
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- runner.Run(ctx) }()
				logs := func(what string, d time.Duration, want int) {
					t.Helper()
					pass(d)
					if got := log.take(); got != want {
						t.Errorf("%s: %d errors in %s, want %d", what, got, d, want)
					}
				}
				logs("a list that names our account", 10*time.Minute, 0)
				directory.names(tt.listed...)
				logs("the first hour of the doubt", 59*time.Minute, 1)
				logs("the next two hours", 2*time.Hour, 2)
				directory.names("user_known")
				logs("a good list again", 10*time.Minute, 0)
				for n := range tt.listed { // the first ones are known after this
					tt.listed[n] += "_again"
				}
				directory.names(tt.listed...)
				logs("another doubt", 10*time.Minute, 1)
				if directory.calls < 35 {
					t.Errorf("the directory was asked only %d times", directory.calls)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
