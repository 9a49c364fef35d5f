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

// business is one that is older than Lockstep: its events are older than 30 days when
// Lockstep starts on an empty database.
type business struct {
	*world
	mu     sync.Mutex
	paying map[string]bool // ids of identities whose metadata must never be lowered
	lowers []string        // writes that did

	licensed bool        // those who pay have a license: by itself it is no active subscription
	away     atomic.Bool // Clerk does not list organizations, so that a backfill does not end
	noUsers  atomic.Bool // nor users

	slow time.Duration // how long Clerk takes to read a user
}

// existing has a world without Lockstep, until open starts it.
func existing(t *testing.T, w *world) *business {
	t.Helper()
	w.service.end(t)
	b := &business{world: w, paying: map[string]bool{}}
	clerk := http.Handler(http.HandlerFunc(b.watchMetadata))
	w.clerkIs.Store(&clerk)
	w.dir = scratch(t)
	return b
}

// open lets the business grow old and starts Lockstep.
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

// watchMetadata is Clerk, and looks at what is written for those who pay.
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

// user signs up and has metadata that says they pay.
func (b *business) user(email string, private map[string]any) (id string) {
	b.t.Helper()
	id = b.mustSignUp(email)
	b.paying[id] = true
	b.clerk(http.MethodPatch, "/v1/users/"+id+"/metadata", map[string]any{"private_metadata": private,
		"public_metadata": map[string]any{"plan": "pro", "subscriptionStatus": "active"}})
	return id
}

// customer is one with a yearly subscription; metadata may be of either.
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

// productOf is the product of a plan's price.
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

// unharmed checks that nothing was lowered, and that there are so many customers in all.
func (b *business) unharmed(customers int) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lowers) > 0 {
		b.t.Errorf("metadata was lowered: %v", b.lowers)
	}
	if n := len(b.sim.Customers()); n != customers {
		b.t.Errorf("there are %d customers, want %d", n, customers)
	}
}

// state is where the backfill stands.
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

// yearly is the catalog by product, which has yearly prices too.
func (b *business) yearly(c *server.Config) {
	c.Catalog.Plans = append([]lockstep.Plan(nil), c.Catalog.Plans...)
	c.Catalog.Plans[1].Products = []string{b.productOf("pro")}
}

// TestAFirstStartLinksAnExistingBusiness is C8 and C8b: an empty database, customers that only
// metadata names, and no event to tell of them.
func TestAFirstStartLinksAnExistingBusiness(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		one, two, three, four := b.user("one@example.com", nil), b.user("two@example.com", nil), b.user("three@example.com",
			nil), b.user("four@example.com", nil)
		c1 := b.customer("one@example.com", url.Values{"metadata[userId]": {one}}, nil)
		c2 := b.customer("else@example.com", url.Values{"metadata[clerkUserId]": {two}}, nil)
		c3 := b.customer("three@example.com", nil, url.Values{"metadata[userId]": {three}})
		c4 := b.customer("four@example.com", nil, url.Values{"metadata[clerkUserId]": {four}})
		c5 := b.customer("five@example.com", nil, nil)
		five := b.user("five@example.com", map[string]any{"stripeCustomerId": c5})
		c6 := b.customer("six@example.com", nil, nil)
		six := b.user("six@example.com", map[string]any{"billing": map[string]any{"stripe_customer_id": c6}})
		org, err := w.sim.CreateOrganization("Engines", one)
		if err != nil {
			t.Fatal(err)
		}
		c7 := b.customer("office@example.com", url.Values{"metadata[orgId]": {org.ID}}, nil)
		// A further customer, listed first, from which everything was canceled.
		old := b.customer("one@example.com", url.Values{"metadata[userId]": {one}}, nil)
		if err := w.sim.CancelSubscription(b.newest(), false); err != nil {
			t.Fatal(err)
		}
		b.open(b.yearly)
		time.Sleep(time.Hour)
		b.has("user/"+one, c1, old)
		b.has("user/"+two, c2)
		b.has("user/"+three, c3)
		b.has("user/"+four, c4)
		b.has("user/"+five, c5)
		b.has("user/"+six, c6)
		b.has("organization/"+org.ID, c7)
		b.unharmed(8)
		at := b.state()
		if r := at.Report; at.Phase != lockstep.BackfillDone || r.Linked.Count != 8 || r.Several.Count != 1 ||
			r.Ambiguous.Count+r.Unlinked.Count != 0 {
			t.Errorf("the backfill: %+v", at)
		}
		time.Sleep(3 * 24 * time.Hour) // through the directory's lists and full verifies
		b.unharmed(8)
		for _, u := range w.sim.Users() {
			if u.Public["plan"] != "pro" || u.Public["subscriptionStatus"] != "active" || u.Public["stripeCustomerId"] == nil {
				t.Errorf("%s has %v", u.ID, u.Public)
			}
		}
		w.letterbox.mu.Lock()
		if n := len(w.letterbox.letters); n > 0 {
			t.Errorf("%d letters about old purchases were sent", n)
		}
		w.letterbox.mu.Unlock()
		// A restart begins no backfill.
		w.service.end(t)
		w.service = w.boot()
		time.Sleep(time.Minute)
		if now := b.state(); now.StartedAt != at.StartedAt || now.Phase != lockstep.BackfillDone {
			t.Errorf("a restart began a backfill: %+v", now)
		}
	})
}

// TestAnAmbiguousCustomerIsReported and waits for an operator; until then those whom it could
// belong to lose nothing and get no customer.
func TestAnAmbiguousCustomerIsReported(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		ada, eve, guest := b.user("ada@example.com", nil), b.user("eve@example.com", nil), b.mustSignUp("guest@example.com")
		ambiguous := b.customer("ada@example.com", nil, url.Values{"metadata[userId]": {ada}})
		b.stripe("/v1/subscriptions", url.Values{"customer": {ambiguous}, "items[0][price]": {b.prices["pro"]},
			"metadata[userId]": {eve}}, nil)
		stranger := b.customer("stranger@example.com", nil, nil)
		foreign := b.customer("gone@example.com", url.Values{"metadata[userId]": {"user_gone"}}, nil)
		b.open(b.yearly)
		time.Sleep(24 * time.Hour)
		at := b.state()
		if r := at.Report; r.Ambiguous.Count != 1 || r.Ambiguous.Examples[0].Customer != ambiguous ||
			r.Unlinked.Count != 2 || r.Linked.Count != 0 {
			t.Errorf("the report: %+v", r)
		}
		b.unharmed(4) // the three from before, and the guest's
		b.has("user/" + ada)
		b.has("user/" + eve)
		if a := b.ask("user/" + guest); a.CustomerID == "" || a.CustomerID == stranger || a.CustomerID == foreign {
			t.Errorf("the guest: %+v", a)
		}
		if status := w.link(ambiguous, "user/"+ada); status != http.StatusAccepted {
			t.Fatalf("link: %d", status)
		}
		time.Sleep(time.Hour)
		b.has("user/"+ada, ambiguous)
	})
}

// TestABackfillThatIsKilledGoesOn: at any call, with pages of one so that there are many.
func TestABackfillThatIsKilledGoesOn(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		users, customers := []string{}, []string{}
		for i := range 6 {
			email := fmt.Sprintf("u%d@example.com", i)
			users = append(users, b.user(email, nil))
			customers = append(customers, b.customer(email, nil, url.Values{"metadata[userId]": {users[i]}}))
		}
		b.open(b.yearly)
		for range 4 {
			time.Sleep(70 * time.Millisecond)
			b.service.kill()
			b.service = b.boot()
		}
		if b.state().Phase == lockstep.BackfillDone {
			t.Fatal("the backfill ended before it was killed")
		}
		time.Sleep(time.Hour)
		for i := range users {
			b.has("user/"+users[i], customers[i])
		}
		b.unharmed(len(customers))
		if r := b.state().Report; r.Customers != 6 || r.Linked.Count != 6 {
			t.Errorf("the report: %+v", r)
		}
	})
}

// TestACheckoutDuringTheBackfill looks its account up and goes on; whoever signs up then
// gets a customer when the backfill has ended.
func TestACheckoutDuringTheBackfill(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		ada, eve := b.user("ada@example.com", nil), b.user("eve@example.com", nil)
		hers := b.customer("ada@example.com", url.Values{"metadata[userId]": {ada}}, nil)
		named := b.customer("eve@example.com", nil, nil)
		b.clerk(http.MethodPatch, "/v1/users/"+eve+"/metadata",
			map[string]any{"private_metadata": map[string]any{"customer": named}})
		b.away.Store(true)
		b.open(func(c *server.Config) {
			b.yearly(c)
			c.Buying.Policy.Several = true
		})
		time.Sleep(time.Second)
		fresh := w.mustSignUp("fresh@example.com")
		time.Sleep(time.Minute)
		if at := b.state(); !at.Holds() {
			t.Fatalf("the backfill ended too early: %+v", at)
		}
		b.unharmed(2)
		for account, customer := range map[string]string{ada: hers, eve: named} {
			w.mustBuy("user/"+account, "basic")
			time.Sleep(time.Minute)
			b.has("user/"+account, customer)
		}
		if a := b.ask("user/" + fresh); a.CustomerID != "" {
			t.Errorf("a customer was created before it was looked for: %+v", a)
		}
		b.away.Store(false)
		time.Sleep(24 * time.Hour)
		if at := b.state(); at.Phase != lockstep.BackfillDone {
			t.Fatalf("the backfill has not ended: %+v", at)
		}
		if a := b.ask("user/" + fresh); a.CustomerID == "" {
			t.Errorf("whoever signed up meanwhile has no customer: %+v", a)
		}
		b.unharmed(3)
	})
}

// TestAOneTimePaymentFromBeforeCounts before anything is lowered: also a guest's.
func TestAOneTimePaymentFromBeforeCounts(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		b.licensed = true
		ada, eve := b.user("ada@example.com", nil), b.user("eve@example.com", nil)
		for _, form := range []url.Values{
			{"customer_creation": {"always"}, "customer_email": {"ada@example.com"}, "client_reference_id": {ada}},
			{"metadata[userId]": {eve}},
			{},
		} {
			var session struct{ ID string }
			form["mode"], form["line_items[0][price]"], form["line_items[0][quantity]"],
				form["success_url"] = []string{"payment"}, []string{w.prices["life"]}, []string{"1"}, []string{"https://app.test/"}
			b.stripe("/v1/checkout/sessions", form, &session)
			if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
				t.Fatal(err)
			}
		}
		before := len(w.sim.Customers())
		b.open(nil)
		time.Sleep(time.Hour)
		for _, user := range []string{ada, eve} {
			if a := b.ask("user/" + user); a.Access.Plan != "life" {
				t.Errorf("%s: %+v", user, a)
			}
		}
		b.unharmed(before + 1) // eve paid as a guest, and has a customer now
	})
}

// TestABackfillThatEndsDuringARunLowersNothing: the run has read its account before the license
// was stored, and waits for Clerk until the backfill has ended.
func TestABackfillThatEndsDuringARunLowersNothing(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		b.licensed = true
		ada := b.user("ada@example.com", nil)
		customer := w.elsewhere("life", typed, url.Values{"metadata[clerkUserId]": {ada}, "customer_creation": {"always"}})
		b.slow = 6 * time.Second // less than a call may take
		b.open(nil)
		time.Sleep(time.Hour)
		b.has("user/"+ada, customer)
		b.unharmed(1)
		if a := b.ask("user/" + ada); a.Access.Plan != "life" {
			t.Errorf("%+v", a)
		}
	})
}

// TestCustomersAtCheckout: nobody gets a customer by signing up, and who has one keeps it.
func TestCustomersAtCheckout(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		ada, free := b.user("ada@example.com", nil), b.mustSignUp("free@example.com")
		hers := b.customer("ada@example.com", url.Values{"metadata[userId]": {ada}}, nil)
		b.open(func(c *server.Config) {
			b.yearly(c)
			c.Customers.Creation = server.AtCheckout
		})
		time.Sleep(time.Hour)
		later := w.mustSignUp("later@example.com")
		own := b.customer("own@example.com", nil, nil)
		private := b.mustSignUp("own@example.com")
		b.clerk(http.MethodPatch, "/v1/users/"+private+"/metadata",
			map[string]any{"private_metadata": map[string]any{"stripeCustomerId": own}})
		time.Sleep(25 * time.Hour)
		b.unharmed(2)
		b.has("user/"+ada, hers)
		for _, user := range []string{free, later} {
			b.has("user/" + user)
		}
		for _, u := range w.sim.Users() {
			if u.ID == free && (u.Public["subscriptionStatus"] != "inactive" || u.Public["stripeCustomerId"] != nil) {
				t.Errorf("free has %v", u.Public)
			}
		}
		w.mustBuy("user/"+later, "basic")
		time.Sleep(time.Hour)
		if a := b.ask("user/" + later); a.Access.Plan != "basic" || a.CustomerID == "" {
			t.Errorf("later: %+v", a)
		}
	})
}

// TestABackfillLinksByVerifiedAddress only where that is on, where just one customer has the
// address, and where nothing names another account.
func TestABackfillLinksByVerifiedAddress(t *testing.T) {
	for _, on := range []bool{true, false} {
		t.Run(map[bool]string{true: "on", false: "off"}[on], func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				b := existing(t, w)
				one, two := b.mustSignUp("one@example.com"), b.user("two@example.com", nil)
				theirs := b.mustSignUp("theirs@example.com")
				hers := b.customer("one@example.com", nil, nil)
				b.customer("two@example.com", nil, nil)
				b.customer("two@example.com", nil, nil)
				named := b.customer("theirs@example.com", url.Values{"metadata[userId]": {two}}, nil)
				b.paying[two] = true
				b.open(func(c *server.Config) {
					b.yearly(c)
					c.Customers.AdoptByEmail = on
				})
				time.Sleep(time.Hour)
				linked, ambiguous := int64(1), int64(0)
				if on {
					linked, ambiguous = 2, 2
					b.has("user/"+one, hers)
				} else if a := b.ask("user/" + one); a.Access.Active || a.CustomerID == hers {
					t.Errorf("one: %+v", a)
				}
				b.has("user/"+two, named)
				if a := b.ask("user/" + theirs); a.Access.Active || a.CustomerID == named {
					t.Errorf("theirs: %+v", a)
				}
				if r := b.state().Report; r.Linked.Count != linked || r.Ambiguous.Count != ambiguous {
					t.Errorf("the report: %+v", r)
				}
			})
		})
	}
}

// TestABackfillBeforeItsAccounts is that of identity = "api": the accounts come later, and find
// the customers that named them.
func TestABackfillBeforeItsAccounts(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		live := b.customer("ada@example.com", nil, url.Values{"metadata[userId]": {"42"}})
		empty := b.customer("ada@example.com", url.Values{"metadata[userId]": {"42"}}, nil)
		b.customer("stranger@example.com", nil, nil)
		b.open(func(c *server.Config) {
			b.yearly(c)
			c.Identities, c.Clerk, c.Seats = server.FromAPI, server.Clerk{}, lockstep.SeatPolicy{}
		})
		time.Sleep(time.Hour)
		if at := b.state(); at.Phase != lockstep.BackfillDone || at.Report.Unlinked.Count != 3 {
			t.Errorf("the backfill: %+v", at)
		}
		for _, id := range []string{"42", "43"} {
			status, err := w.call(t.Context(), http.MethodPut, "http://"+serviceHost+"/v1/accounts/user/"+id, apiKey,
				map[string]any{"email": "a" + id + "@example.com"}, nil)
			if err != nil || status != http.StatusCreated {
				t.Fatalf("put %s: %d %v", id, status, err)
			}
		}
		time.Sleep(time.Hour)
		a := b.ask("user/42")
		if !a.Access.Active || a.CustomerID != live && a.CustomerID != empty || len(a.Access.Reasons) != 2 {
			t.Errorf("42: %+v", a)
		}
		if a := b.ask("user/43"); a.CustomerID == "" || a.Access.Active {
			t.Errorf("43: %+v", a)
		}
		b.unharmed(4)
	})
}
