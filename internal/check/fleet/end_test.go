package fleet

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestAReplicaEnds stops a replica under load, as an upgrade does. It must have answered everything that it stored,
// and hold no lease.
func TestAReplicaEnds(t *testing.T) {
	t.Parallel()
	f := newFleet(t, options{replicas: 1})
	r := f.all()[0]
	var longest time.Duration
	ends := 0
	for more := rounds(3); more(); ends++ {
		business := f.begin(2, 3)
		f.more(40)
		began := time.Now()
		if err := r.end(t); err != nil {
			t.Errorf("the replica ended with: %v", err)
		}
		longest = max(longest, time.Since(began))
		business.end()
		stored, err := f.query(`select source || ' ' || id from events where origin = 'webhook'`)
		if err != nil {
			t.Fatal(err)
		}
		f.until("every stored event was answered", func() bool { // the balancer may not have recorded it yet
			answered := f.balancer.taken()
			return !slices.ContainsFunc(stored, func(id string) bool { return !slices.Contains(answered, id) })
		})
		if held, err := f.query(`select key from work where lease_token <> ''`); err != nil || len(held) > 0 {
			t.Errorf("the replica ended without giving back %v (%v)", held, err)
		}
		if err := r.start(); err != nil {
			t.Fatal(err)
		}
	}
	f.atRest()
	f.report("SIGTERM under load")
	t.Logf("%d ends, the longest took %.2f s", ends, longest.Seconds())
}

// TestAnEndingReplicaAnswersWhatItAccepted: a replica that ends first stops listening. It still answers a delivery
// that waits for its commit, and a checkout that waits for a run that has to be retried.
func TestAnEndingReplicaAnswersWhatItAccepted(t *testing.T) {
	t.Parallel()
	f := newFleet(t, options{replicas: 1, run: patience})
	r := f.all()[0]
	held, fail := f.holdFirstCustomer()
	user := f.signUp().ID
	<-held
	started := make(chan error, 1)
	go func() {
		_, err := f.call(t.Context(), http.MethodPost, r.at()+"/v1/checkout",
			map[string]any{"account": "user/" + user, "lookup_key": "pro",
				"success_url": "https://app.test/"}, nil)
		started <- err
	}()
	f.until("the checkout waits for the customer", func() bool {
		return f.must(`select cast(scope & 16 as text) from work where key = $1`, "user/"+user) != "0"
	})
	unlock := f.lockEvents()
	at := r.at()
	answered := f.deliverHeld(at)
	ended := make(chan error, 1)
	go func() { ended <- r.end(t) }()
	f.until("the replica no longer listens", func() bool { return !listens(at) })
	unlock() // do not wait: a delivery waits at most eight seconds for its commit
	fail()
	if err := <-started; err != nil {
		t.Errorf("the checkout in progress failed: %v", err)
	}
	if status := <-answered; status != http.StatusOK {
		t.Errorf("the delivery in progress was answered with %d", status)
	}
	if err := <-ended; err != nil {
		t.Errorf("the replica ended with: %v", err)
	}
	if n := f.must(`select cast(count(*) as text) from events where id = 'evt_held'`); n != "1" {
		t.Errorf("%s events are stored, want 1", n)
	}
}

// holdFirstCustomer holds the first call that creates a customer. held is closed when it arrives; fail lets it fail.
func (f *fleet) holdFirstCustomer() (held <-chan struct{}, fail func()) {
	ending, arrived := make(chan struct{}), make(chan struct{})
	var first sync.Once
	f.meddling(func(_ *replica, w http.ResponseWriter, r *http.Request, pass http.HandlerFunc) {
		failed := false
		if r.Method == http.MethodPost && r.URL.Path == "/v1/customers" {
			first.Do(func() {
				failed = true
				close(arrived)
				<-ending
			})
		}
		if failed {
			http.Error(w, "try again", http.StatusBadGateway)
			return
		}
		pass(w, r)
	})
	return arrived, func() { close(ending) }
}

// lockEvents blocks every commit of a delivery until unlock.
func (f *fleet) lockEvents() (unlock func()) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.direct)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(f.t.Context())) })
	tx, err := conn.Begin(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := tx.Exec(f.t.Context(), `lock table events in exclusive mode`); err != nil {
		f.t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
	}
}

// deliverHeld delivers an event and waits until its commit is blocked. The channel gets the status.
func (f *fleet) deliverHeld(at string) (answered <-chan int) {
	f.t.Helper()
	status := make(chan int, 1)
	go func() {
		body := fmt.Sprintf(`{"id":"evt_held","object":"event","type":"invoice.paid","livemode":false,"created":%d,"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_nobody"}}}`, time.Now().Unix())
		status <- f.deliver(f.t.Context(), &http.Client{Timeout: patience}, at, []byte(body))
	}()
	f.until("the delivery waits for its commit", func() bool {
		return f.must(`select cast(count(*) as text) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`) != "0"
	})
	return status
}

// listens reports whether something listens at a URL.
func listens(url string) bool {
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		return false
	}
	return c.Close() == nil
}
