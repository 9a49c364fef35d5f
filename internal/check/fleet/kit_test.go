package fleet

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/simulator"
)

const (
	stripeKey     = "sk_test_fleet_stripe"
	clerkKey      = "sk_test_fleet_clerk"
	stripeWebhook = "whsec_ZmxlZXQtc3RyaXBlLXNlY3JldC0w"
	clerkWebhook  = "whsec_ZmxlZXQtY2xlcmstc2VjcmV0LTAw"
	apiKey        = "fleet-api-key-0123456789-0123456789"
)

// settings configures every replica. Leases are short where scenarios wait for them. Sweeps are frequent, to find
// what was delivered while no replica listened: the simulators retry only after minutes.
const settings = `
return_origins = ["https://app.test"]
database_connections = 6
[workers]
lease = "%s"
timeout = "%s"
[limits]
stripe = 500
stripe_endpoint = 500
clerk = 500
[sweeps]
events = "1s"
directory = "2s"
[mail]
host = "127.0.0.1"
port = %d
tls = "none"
from = "Fleet <billing@fleet.test>"
app = "Fleet"
[[plan]]
name = "pro"
lookup_keys = ["pro"]
features = ["export"]
rank = 1
[[plan]]
name = "life"
lookup_keys = ["life"]
features = ["export"]
rank = 2
`

// fleet is a set of replicas on one database, with simulators and a balancer.
type fleet struct {
	t        *testing.T
	database string // as the replicas reach it
	direct   string // as the checks reach it
	config   string
	sim      *simulator.Simulator
	meddle   atomic.Pointer[meddler]
	post     *postOffice
	balancer *balancer
	web      string // URL of the balancer

	mu       sync.Mutex
	replicas []*replica
	problems []string // of the shoppers and the storm
	stopping sync.Once
}

// options are the differences between scenarios.
type options struct {
	replicas int
	database string        // empty means a new one on the shared server
	direct   string        // how checks reach it, if the replicas go another way
	run      time.Duration // limit for a run; 0 means two seconds. A lease is half as long again
}

// newFleet starts the simulators, the balancer and the replicas.
func newFleet(t *testing.T, o options) *fleet {
	t.Helper()
	if o.database == "" {
		o.database = pgtest.Empty(t)
	}
	if o.direct == "" {
		o.direct = o.database
	}
	f := &fleet{t: t, database: o.database, direct: o.direct, post: openPostOffice(t)}
	f.balancer = newBalancer(f.all)
	f.config = filepath.Join(t.TempDir(), "lockstep.toml")
	timeout := cmp.Or(o.run, 2*time.Second)
	lease := timeout * 3 / 2
	if err := os.WriteFile(f.config, fmt.Appendf(nil, settings, lease, timeout, f.post.port()), 0o600); err != nil {
		t.Fatal(err)
	}
	f.web = serve(t, func(string) http.Handler { return f.balancer })
	f.simulate()
	t.Cleanup(f.stop)
	f.add(built, o.replicas)
	f.sim.AddPlan(simulator.Plan{ProductName: "Pro", LookupKey: "pro", Amount: 900, Interval: "month"})
	f.sim.AddPlan(simulator.Plan{ProductName: "Life", LookupKey: "life", Amount: 9900})
	return f
}

// serve serves on loopback until the test ends. handler gets the URL.
func serve(t *testing.T, handler func(url string) http.Handler) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url = "http://" + listener.Addr().String()
	web := &http.Server{Handler: handler(url), ReadHeaderTimeout: patience}
	go func() { _ = web.Serve(listener) }() // until Close
	t.Cleanup(func() { _ = web.Close() })
	return url
}

// simulate starts simulators of Stripe and Clerk that deliver to the balancer.
func (f *fleet) simulate() {
	f.t.Helper()
	sim, err := simulator.New(simulator.Config{Seed: 1, PortalSaved: true, StripeKey: stripeKey, ClerkKey: clerkKey,
		HTTPClient:     &http.Client{Timeout: 15 * time.Second},
		StripeWebhooks: []simulator.WebhookEndpoint{{URL: f.web + "/webhooks/stripe", Secret: stripeWebhook}},
		ClerkWebhooks:  []simulator.WebhookEndpoint{{URL: f.web + "/webhooks/clerk", Secret: clerkWebhook}}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.sim = sim
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sim.Run(ctx) }()
	f.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			f.t.Error(err)
		}
	})
}

// meddler gets every call from a replica to a simulator and decides whether to pass it on.
type meddler func(from *replica, w http.ResponseWriter, r *http.Request, pass http.HandlerFunc)

// door returns a URL at which one replica reaches a simulator, past the meddler.
func (f *fleet) door(from *replica, simulator http.Handler) string {
	return serve(f.t, func(string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if meddle := f.meddle.Load(); meddle != nil {
				(*meddle)(from, w, r, simulator.ServeHTTP)
				return
			}
			simulator.ServeHTTP(w, r)
		})
	})
}

// add starts n more replicas of a program at the same time.
func (f *fleet) add(program string, n int) []*replica {
	f.t.Helper()
	added := make([]*replica, n)
	var starting sync.WaitGroup
	for i := range added {
		f.mu.Lock()
		r := &replica{name: fmt.Sprintf("replica %d", len(f.replicas)), program: program, config: f.config}
		r.env = []string{
			"PATH=" + os.Getenv("PATH"), "DATABASE_URL=" + labelled(f.database, r.label()),
			"STRIPE_API_BASE=" + f.door(r, f.sim.StripeHandler()), "CLERK_API_BASE=" + f.door(r, f.sim.ClerkHandler()),
			"STRIPE_SECRET_KEY=" + stripeKey, "CLERK_SECRET_KEY=" + clerkKey, "STRIPE_WEBHOOK_SECRET=" + stripeWebhook,
			"CLERK_WEBHOOK_SIGNING_SECRET=" + clerkWebhook, "LOCKSTEP_API_KEY=" + apiKey}
		f.replicas = append(f.replicas, r)
		f.mu.Unlock()
		added[i] = r
		starting.Go(func() {
			if err := r.start(); err != nil {
				f.t.Error(err)
			}
		})
	}
	starting.Wait()
	if f.t.Failed() {
		f.t.FailNow()
	}
	return added
}

// labelled adds an application name to a database's URL.
func labelled(database, name string) string {
	and := "?"
	if strings.Contains(database, "?") {
		and = "&"
	}
	return database + and + "application_name=" + name
}

func (f *fleet) all() []*replica {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.replicas)
}

// stop kills the replicas. It logs the end of their output if the test failed.
func (f *fleet) stop() {
	f.stopping.Do(f.stopAll)
}

func (f *fleet) stopAll() {
	for _, r := range f.all() {
		if err := r.kill(); err != nil {
			f.t.Error(err)
		}
		for _, line := range r.faults() {
			f.t.Error(line)
		}
		if said := r.said(); f.t.Failed() {
			f.t.Logf("the last output of %s: %s", r.name, said[max(0, len(said)-3000):])
		}
	}
}

func (f *fleet) wrongly(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

// call calls the API and decodes an answer of 200 to 299 into out.
func (f *fleet) call(ctx context.Context, method, url string, in, out any) (status int, err error) {
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
	request.Header.Set("Authorization", "Bearer "+apiKey)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	client := &http.Client{Timeout: patience, Transport: f.balancer.client.Transport}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 == 2 && out != nil {
		err = json.Unmarshal(text, out)
	} else if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %d %s", method, url, response.StatusCode, text)
	}
	return response.StatusCode, err
}

// query returns the first column of a statement's rows, as text.
func (f *fleet) query(statement string, args ...any) (values []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, f.direct)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// cluster returns a new cluster, and the URL of an empty database in it.
func cluster(t *testing.T, settings ...string) (*pgtest.Cluster, string) {
	t.Helper()
	c := pgtest.Own(t, settings...)
	if err := c.Exec("postgres", "create database lockstep template template0"); err != nil {
		t.Fatal(err)
	}
	return c, c.URL("lockstep")
}

// must returns the one value of a statement's one row.
func (f *fleet) must(statement string, args ...any) string {
	f.t.Helper()
	values, err := f.query(statement, args...)
	if err != nil || len(values) != 1 {
		f.t.Fatalf("%s: %v, %v", statement, values, err)
	}
	return values[0]
}

// run identifies the replica's process, to tell whether it is still the same one; 0 if it has ended.
func (r *replica) run() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case err := <-r.ended:
		fmt.Fprintf(&r.log, "the process ended: %v\n", err)
		return 0
	default:
		return r.process.Pid
	}
}

// more waits until n more deliveries were answered with 200.
func (f *fleet) more(n int) {
	f.t.Helper()
	before := f.balancer.so().taken
	f.until(fmt.Sprintf("%d more deliveries are answered with 200", n),
		func() bool { return f.balancer.so().taken >= before+n })
}

// until waits until holds, and fails the test if it never does.
func (f *fleet) until(what string, holds func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("this never happened: %s", what)
		}
	}
}

// atRest waits until wrong finds nothing.
func (f *fleet) atRest() {
	f.t.Helper()
	var problems []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		if problems = f.wrong(); len(problems) == 0 {
			return
		}
	}
	f.t.Errorf("the fleet does not settle:\n%s", strings.Join(problems, "\n"))
}
