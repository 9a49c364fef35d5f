package fleet

import (
	"context"
	"errors"
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

// A replica is told to end under load, as each is when it is upgraded: what it has taken
// was answered, and it holds no key any more.
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
			t.Errorf("it ended with: %v", err)
		}
		longest = max(longest, time.Since(began))
		business.end()
		stored, err := f.query(`select source || ' ' || id from events where origin = 'webhook'`)
		if err != nil {
			t.Fatal(err)
		}
		f.until("what was stored was answered", func() bool { // it was, but the balancer may have it to note still
			answered := f.balancer.taken()
			return !slices.ContainsFunc(stored, func(id string) bool { return !slices.Contains(answered, id) })
		})
		if held, err := f.query(`select key from work where lease_token <> ''`); err != nil || len(held) > 0 {
			t.Errorf("it went without giving back %v, %v", held, err)
		}
		if err := r.start(); err != nil {
			t.Fatal(err)
		}
	}
	f.atRest()
	f.report("SIGTERM under load")
	t.Logf("%d ends, the longest took %.2f s", ends, longest.Seconds())
}

// Who ends stops listening first, and still answers what it has begun: a delivery that
// waits for its commit, and a checkout that waits for a run that has to be tried again.
func TestWhoEndsAnswersWhatItHasTaken(t *testing.T) {
	t.Parallel()
	f := newFleet(t, options{replicas: 1, run: patience})
	r := f.all()[0]
	conn, err := pgx.Connect(t.Context(), f.direct)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	ending, held := make(chan struct{}), make(chan struct{})
	var first sync.Once
	f.meddling(func(_ *replica, w http.ResponseWriter, r *http.Request, pass http.HandlerFunc) {
		fail := false
		if r.Method == http.MethodPost && r.URL.Path == "/v1/customers" {
			first.Do(func() {
				fail = true
				close(held)
				<-ending
			})
		}
		if fail {
			http.Error(w, "try again", http.StatusBadGateway)
			return
		}
		pass(w, r)
	})
	user := f.signUp().ID
	<-held
	begun := make(chan error, 1)
	go func() {
		_, err := f.call(t.Context(), http.MethodPost, r.at()+"/v1/checkout",
			map[string]any{"account": "user/" + user, "lookup_key": "pro",
				"success_url": "https://app.test/"}, nil)
		begun <- err
	}()
	f.until("the checkout waits for the customer", func() bool {
		return f.must(`select cast(scope & 16 as text) from work where key = $1`, "user/"+user) != "0"
	})
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `lock table events in exclusive mode`); err != nil {
		t.Fatal(err)
	}
	at, answered := r.at(), make(chan int, 1)
	client := &http.Client{Timeout: patience}
	go func() {
		body := fmt.Sprintf(`{"id":"evt_held","object":"event","type":"invoice.paid","livemode":false,"created":%d,"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_nobody"}}}`, time.Now().Unix())
		answered <- f.deliver(t.Context(), client, at, []byte(body))
	}()
	f.until("the delivery waits for its commit", func() bool {
		return f.must(`select cast(count(*) as text) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`) != "0"
	})
	ended := make(chan error, 1)
	go func() { ended <- r.end(t) }()
	f.until("it listens no more", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(at, "http://"))
		if err == nil {
			return errors.Join(c.Close()) != nil
		}
		return true
	})
	// At once: a delivery waits for its commit for eight seconds.
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(ending)
	if err := <-begun; err != nil {
		t.Errorf("the checkout under way: %v", err)
	}
	if status := <-answered; status != http.StatusOK {
		t.Errorf("the delivery under way was answered %d", status)
	}
	if err := <-ended; err != nil {
		t.Errorf("it ended with: %v", err)
	}
	if n := f.must(`select cast(count(*) as text) from events where id = 'evt_held'`); n != "1" {
		t.Errorf("%s events", n)
	}
}
