package fleet

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// subscriber creates a user with a subscription and waits until the fleet has settled.
func (f *fleet) subscriber() (user, subscription string) {
	f.t.Helper()
	user = f.signUp().ID
	session := f.checkout(f.t.Context(), user, "pro")
	if err := f.sim.PayCheckout(session, card); err != nil {
		f.t.Fatal(err)
	}
	f.until("the user has access", func() bool { return f.plan(user) == "pro" })
	f.atRest()
	for _, s := range f.sim.Subscriptions() {
		if f.customerOf(s.Customer) == "user/"+user {
			return user, s.ID
		}
	}
	f.t.Fatal("the user has no subscription")
	return "", ""
}

// plan returns the plan in Clerk's metadata.
func (f *fleet) plan(user string) string {
	for _, u := range f.sim.Users() {
		if u.ID == user {
			plan, _ := u.Public["plan"].(string)
			return plan
		}
	}
	return ""
}

// TestAStoppedReplicaComesBackAndIsFenced stops a replica after it has read from Stripe. Another replica takes over
// its key and writes what has changed since. When the first one continues, its writes are refused.
func TestAStoppedReplicaComesBackAndIsFenced(t *testing.T) {
	t.Parallel()
	// On a slow machine, the run must not time out before the replica is stopped.
	f := newFleet(t, options{replicas: 2, run: 8 * time.Second})
	for more := rounds(1); more(); {
		user, subscription := f.subscriber()
		var zombie atomic.Pointer[replica]
		f.meddling(func(from *replica, w http.ResponseWriter, r *http.Request, pass http.HandlerFunc) {
			if r.Method != http.MethodGet || r.URL.Path != "/v1/subscriptions" || !zombie.CompareAndSwap(nil, from) {
				pass(w, r)
				return
			}
			answer := httptest.NewRecorder() // current now, stale when the replica reads it
			pass(answer, r)
			from.signal(t, syscall.SIGSTOP)
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		})
		if status, err := f.call(t.Context(), http.MethodPost, f.web+"/v1/accounts/user/"+user+"/sync", nil,
			nil); err != nil {
			t.Fatalf("sync: %d %v", status, err)
		}
		f.until("a replica is stopped", func() bool { return zombie.Load() != nil })
		stopped := zombie.Load()
		f.leave(stopped)
		if err := f.sim.CancelSubscription(subscription, false); err != nil {
			t.Fatal(err)
		}
		f.until("another takes over", func() bool {
			return f.plan(user) == "" && f.sim.Quiet() && f.must(
				`select cast(count(*) as text) from work where key = $1 and (lease_token <> '' or generation > done_generation)`,
				"user/"+user) == "0"
		})
		// Leave out the time of the write: sweeps sync again and find no change.
		const record = `select s.status || ' ' || a.projected from accounts a join subscriptions s on s.account_id = a.id where a.id = $1`
		written := f.must(record, user)
		before := strings.Count(stopped.said(), "lease lost")
		stopped.signal(t, syscall.SIGCONT)
		f.until("its writes are refused", func() bool { return strings.Count(stopped.said(), "lease lost") > before })
		if now := f.must(record, user); now != written {
			t.Errorf("the stopped replica wrote after it came back:\n%s\n%s", written, now)
		}
		f.join(stopped)
		f.atRest()
	}
	f.report("SIGSTOP past the lease, SIGCONT")
}

// TestALateWriteToClerkIsRepaired delays a write to Clerk until another replica has taken over and written the
// current state. Clerk has no fencing and accepts the stale write, so Lockstep must repair it.
func TestALateWriteToClerkIsRepaired(t *testing.T) {
	t.Parallel()
	f := newFleet(t, options{replicas: 2})
	for more := rounds(1); more(); {
		user, subscription := f.subscriber()
		var zombie atomic.Pointer[replica]
		release, arrived := make(chan struct{}), make(chan struct{})
		landed := "none"
		var writing sync.RWMutex // holds off repairs until the test has seen the stale write
		f.meddling(func(from *replica, w http.ResponseWriter, r *http.Request, pass http.HandlerFunc) {
			if r.Method != http.MethodPatch || !strings.HasSuffix(r.URL.Path, "/metadata") || !zombie.CompareAndSwap(nil, from) {
				writing.RLock()
				defer writing.RUnlock()
				pass(w, r)
				return
			}
			whole, err := io.ReadAll(r.Body) // before the sender is stopped
			if err != nil {
				t.Error(err)
			}
			from.signal(t, syscall.SIGSTOP)
			<-release
			late := r.Clone(context.WithoutCancel(r.Context()))
			late.Body = io.NopCloser(bytes.NewReader(whole))
			writing.Lock()
			pass(w, late)
			landed = f.plan(user)
			writing.Unlock()
			close(arrived)
		})
		if err := f.sim.CancelSubscription(subscription, false); err != nil {
			t.Fatal(err)
		}
		f.until("a replica is stopped", func() bool { return zombie.Load() != nil })
		stopped := zombie.Load()
		f.leave(stopped)
		again := f.checkout(t.Context(), user, "life")
		if err := f.sim.PayCheckout(again, card); err != nil {
			t.Fatal(err)
		}
		f.until("another takes over", func() bool { return f.plan(user) == "life" })
		close(release)
		<-arrived
		if landed != "" {
			t.Errorf("the late write did not take effect: %q", landed)
		}
		stopped.signal(t, syscall.SIGCONT)
		f.join(stopped)
		f.atRest()
	}
	f.report("a write to Clerk arrives late")
}

func (f *fleet) meddling(m meddler) { f.meddle.Store(&m) }

// leave takes a replica out of the balancer, as failing health checks would; join puts it back.
func (f *fleet) leave(r *replica) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away, r.url = r.url, ""
}

func (f *fleet) join(r *replica) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.url, r.away = r.away, ""
}
