package simtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// business is older than Lockstep: all its events are more than 30 days old when Lockstep starts on an empty
// database.
type business struct {
	*world
	mu     sync.Mutex
	paying map[string]bool // users whose metadata must never lose access
	lowers []string        // writes that took it away

	licensed bool        // payers have a license, which is no active subscription
	away     atomic.Bool // Clerk lists no organizations, so that a backfill cannot end
	noUsers  atomic.Bool // Clerk lists no users either

	slow time.Duration // how long Clerk takes to answer for a user
}

// existing returns a world in which Lockstep does not run until open.
func existing(t *testing.T, w *world) *business {
	t.Helper()
	w.service.end(t)
	b := &business{world: w, paying: map[string]bool{}}
	clerk := http.Handler(http.HandlerFunc(b.watchMetadata))
	w.clerkIs.Store(&clerk)
	w.dir = scratch(t)
	return b
}

// open lets the business age and then starts Lockstep.
func (b *business) open(change func(*server.Config)) {
	time.Sleep(40 * 24 * time.Hour)
	b.change = func(c *server.Config) {
		c.Sync.Intervals.Accounts = 24 * time.Hour
		if change != nil {
			change(c)
		}
	}
	b.service = b.boot()
}

// watchMetadata stands before Clerk and checks what is written for payers.
func (b *business) watchMetadata(rw http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/metadata") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			b.t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var merge struct {
			Public map[string]any `json:"public_metadata"`
		}
		if err := json.Unmarshal(body, &merge); err != nil {
			b.t.Error(err)
		}
		id := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")[1]
		b.mu.Lock()
		for key, value := range merge.Public {
			if b.paying[id] && (value == nil || key == "subscriptionStatus" && value != "active" && !b.licensed) {
				b.lowers = append(b.lowers, fmt.Sprintf("%s: %s = %v", id, key, value))
			}
		}
		b.mu.Unlock()
	}
	if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v1/users/") {
		time.Sleep(b.slow)
	}
	if b.away.Load() && r.URL.Path == "/v1/organizations" || b.noUsers.Load() && r.Method == http.MethodGet &&
		r.URL.Path == "/v1/users" {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	b.sim.ClerkHandler().ServeHTTP(rw, r)
}

// user signs up a user whose metadata says that they pay.
func (b *business) user(email string, private map[string]any) (id string) {
	b.t.Helper()
	id = b.mustSignUp(email)
	b.paying[id] = true
	b.clerk(http.MethodPatch, "/v1/users/"+id+"/metadata", map[string]any{"private_metadata": private,
		"public_metadata": map[string]any{"plan": "pro", "subscriptionStatus": "active"}})
	return id
}

// customer creates a customer with a yearly subscription, each with metadata.
func (b *business) customer(email string, customer, subscription url.Values) (id string) {
	b.t.Helper()
	var price struct{ ID string }
	b.stripe("/v1/prices", url.Values{"product": {b.productOf("pro")}, "unit_amount": {"20000"}, "currency": {"usd"},
		"recurring[interval]": {"year"}}, &price)
	form := url.Values{"email": {email}, "payment_method": {"pm_card_visa"},
		"invoice_settings[default_payment_method]": {"pm_card_visa"}}
	for key, values := range customer {
		form[key] = values
	}
	var made struct{ ID string }
	b.stripe("/v1/customers", form, &made)
	form = url.Values{"customer": {made.ID}, "items[0][price]": {price.ID}}
	for key, values := range subscription {
		form[key] = values
	}
	b.stripe("/v1/subscriptions", form, nil)
	return made.ID
}

// productOf returns the product of a plan's price.
func (b *business) productOf(lookupKey string) string {
	for _, p := range b.sim.Prices() {
		if p.ID == b.prices[lookupKey] {
			return p.Product
		}
	}
	b.t.Fatalf("there is no price %s", lookupKey)
	return ""
}

// has checks that an account has just these customers, the primary one first, and access.
func (b *business) has(account string, customers ...string) {
	b.t.Helper()
	kind, id, _ := strings.Cut(account, "/")
	r, err := b.service.store.Account(b.t.Context(), lockstep.Account{Kind: lockstep.Kind(kind), ID: id})
	if err != nil {
		b.t.Errorf("%s: %v", account, err)
		return
	}
	var got []string
	for _, l := range r.Customers() {
		got = append(got, l.CustomerID)
	}
	if fmt.Sprint(got) != fmt.Sprint(customers) {
		b.t.Errorf("%s has the customers %v, want %v", account, got, customers)
	}
	if a := b.ask(account); len(customers) > 0 && !a.Access.Active {
		b.t.Errorf("%s has no access: %+v", account, a)
	}
}

// unharmed checks that nobody's metadata lost access, and the number of customers.
func (b *business) unharmed(customers int) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lowers) > 0 {
		b.t.Errorf("metadata lost access: %v", b.lowers)
	}
	if n := len(b.sim.Customers()); n != customers {
		b.t.Errorf("there are %d customers, want %d", n, customers)
	}
}

// state returns the backfill's progress.
func (b *business) state() lockstep.Backfill {
	b.t.Helper()
	text, err := b.service.store.Cursor(b.t.Context(), lockstep.BackfillSweep)
	if err != nil {
		b.t.Fatal(err)
	}
	var at lockstep.Backfill
	if text != "" {
		if err := json.Unmarshal([]byte(text), &at); err != nil {
			b.t.Fatal(err)
		}
	}
	return at
}

// yearly configures the catalog by product, so that it covers yearly prices.
func (b *business) yearly(c *server.Config) {
	c.Catalog.Plans = append([]lockstep.Plan(nil), c.Catalog.Plans...)
	c.Catalog.Plans[1].Products = []string{b.productOf("pro")}
}
