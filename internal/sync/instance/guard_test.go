package instance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// clerk returns the instance of a key, and counts the calls.
type clerk struct {
	mu    sync.Mutex
	id    string
	err   error
	calls int
}

func (c *clerk) instance(context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return c.id, c.err
}

func (c *clerk) becomes(id string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.id, c.err = id, err
}

// within runs a test in virtual time over a real store.
func within(t *testing.T, test func(t *testing.T, store lockstep.Store)) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		test(t, store)
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

func guardOf(store lockstep.Instances, log *bytes.Buffer, key lockstep.Secret, c *clerk) *Guard {
	return NewGuard(store, slog.New(slog.NewTextHandler(log, nil)),
		Key{Provider: lockstep.Clerk, Secret: key, Instance: c.instance})
}

// paused checks that a guard pauses with a text, or does not pause if the text is empty.
func paused(t *testing.T, g *Guard, want string) {
	t.Helper()
	err := g.Check(t.Context())
	var delay *lockstep.DelayError
	switch {
	case want == "" && err != nil:
		t.Errorf("paused: %v", err)
	case want != "" && (!errors.As(err, &delay) || !strings.Contains(delay.Reason, want) || !delay.Untried ||
		delay.After <= 0):
		t.Errorf("got %v, want a pause that says %q", err, want)
	}
}

func TestReplicasDuringAMove(t *testing.T) {
	within(t, func(t *testing.T, store lockstep.Store) {
		var log bytes.Buffer
		former, next := guardOf(store, &log, "sk_test_1", &clerk{id: "ins_1"}), guardOf(store, &log, "sk_test_2",
			&clerk{id: "ins_2"})
		paused(t, former, "")
		paused(t, next, "belongs to instance ins_2 and the database to ins_1")
		for range 3 {
			time.Sleep(time.Minute)
			paused(t, former, "")
			paused(t, next, "ins_2")
		}
		if n := strings.Count(log.String(), "ANOTHER INSTANCE"); n != 1 ||
			!strings.Contains(log.String(), "lockstep instance accept ins_2") {
			t.Errorf("logged %d times: %s", n, log.String())
		}
		if _, err := store.AcceptInstance(t.Context(), lockstep.Clerk, "ins_2"); err != nil {
			t.Fatal(err)
		}
		next.Recheck()
		paused(t, next, "")
		if generation, err := next.Generation(t.Context()); generation != 1 || err != nil {
			t.Errorf("generation %d %v", generation, err)
		}
		// The other process hears of it a moment later. Until then it stamps its own generation.
		if generation, err := former.Generation(t.Context()); generation != 0 || err != nil {
			t.Errorf("generation of the former key: %d %v", generation, err)
		}
		time.Sleep(recheck)
		paused(t, former, "belongs to instance ins_1 and the database to ins_2")
	})
}

func TestAKeyIsReadOnce(t *testing.T) {
	within(t, func(t *testing.T, store lockstep.Store) {
		var log bytes.Buffer
		c := &clerk{id: "ins_1"}
		paused(t, guardOf(store, &log, "sk_test_1", c), "")
		c.becomes("", errors.New("down"))
		paused(t, guardOf(store, &log, "sk_test_1", c), "")
		if c.calls != 1 {
			t.Errorf("a known key was read %d times", c.calls)
		}
		rotated := guardOf(store, &log, "sk_test_rotated", c)
		paused(t, rotated, "cannot read which clerk instance")
		paused(t, rotated, "cannot read which clerk instance")
		if c.calls != 2 {
			t.Errorf("within a moment it was read %d times", c.calls-1)
		}
		c.becomes("", errors.New("down (request 2)"))
		time.Sleep(recheck)
		paused(t, rotated, "request 2")
		c.becomes("ins_1", nil)
		time.Sleep(recheck)
		paused(t, rotated, "")
		if n := strings.Count(log.String(), "cannot be read"); n != 1 {
			t.Errorf("logged %d times: %s", n, log.String())
		}
	})
}

func TestManyCheckAtOnce(t *testing.T) {
	within(t, func(t *testing.T, store lockstep.Store) {
		c := &clerk{id: "ins_1"}
		var log bytes.Buffer
		g := guardOf(store, &log, "sk_test_1", c)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { paused(t, g, "") })
		}
		all.Wait()
		if c.calls != 1 {
			t.Errorf("read %d times", c.calls)
		}
	})
}

// A failure of the database is no verdict: Check returns it as it is.
func TestADatabaseThatFailsIsNoVerdict(t *testing.T) {
	within(t, func(t *testing.T, store lockstep.Store) {
		var log bytes.Buffer
		broken := &failing{Instances: store, err: errors.New("disk")}
		g := guardOf(broken, &log, "sk_test_1", &clerk{id: "ins_1"})
		var delay *lockstep.DelayError
		if err := g.Check(t.Context()); err == nil || errors.As(err, &delay) {
			t.Errorf("got %v", err)
		}
		broken.err = nil
		paused(t, g, "")
	})
}

// failing is a store whose reads fail.
type failing struct {
	lockstep.Instances
	err error
}

func (f *failing) Instance(ctx context.Context, provider lockstep.Source) (lockstep.Instance, error) {
	if f.err != nil {
		return lockstep.Instance{}, f.err
	}
	return f.Instances.Instance(ctx, provider)
}

// Identities that come through the API have no instance.
func TestWithoutClerk(t *testing.T) {
	within(t, func(t *testing.T, store lockstep.Store) {
		g := NewGuard(store, slog.New(slog.DiscardHandler), Key{Provider: lockstep.Stripe, Secret: "sk_test_1",
			Instance: func(context.Context) (string, error) { return "test", nil }})
		paused(t, g, "")
		if generation, err := g.Generation(t.Context()); generation != 0 || err != nil {
			t.Errorf("generation %d %v", generation, err)
		}
		live := NewGuard(store, slog.New(slog.DiscardHandler), Key{Provider: lockstep.Stripe, Secret: "sk_live_1",
			Instance: func(context.Context) (string, error) { return "live", nil }})
		paused(t, live, "the Stripe key is a live key and the database holds test customers")
	})
}

// A run in the background may read the instance for all work that waits.
func TestTheReadIsUrgent(t *testing.T) {
	within(t, func(t *testing.T, store lockstep.Store) {
		for _, priority := range []lockstep.Priority{lockstep.Interactive, lockstep.Normal, lockstep.Background} {
			asked := lockstep.Priority(-1)
			g := NewGuard(store, slog.New(slog.DiscardHandler),
				Key{Provider: lockstep.Clerk, Secret: lockstep.Secret(fmt.Sprintf("sk_test_%d", priority)),
					Instance: func(ctx context.Context) (string, error) { asked = lockstep.PriorityOf(ctx); return "ins_1", nil }})
			if err := g.Check(lockstep.WithPriority(t.Context(), priority)); err != nil || asked != lockstep.Interactive {
				t.Errorf("a run of priority %d reads with priority %d: %v", priority, asked, err)
			}
		}
	})
}
