package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/check/browser"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// evil is markup that must never be more than text.
const evil = `<img src=x onerror=alert(1)>`

// troubled is a world in which something of each kind needs attention.
func troubled(k *kit) {
	k.Helper()
	k.buy(k.ada(), "pro")
	eve := k.signUp(simulator.SignUp{Email: "eve@example.com", FirstName: evil, LastName: `"><script>alert(1)</script>`})
	price := k.sim.AddPlan(simulator.Plan{LookupKey: "unlisted", ProductName: evil, Amount: 700, Currency: "usd",
		Interval: "month"})
	record, err := k.store.Account(k.Context(), eve)
	if err == nil {
		err = k.sim.SetCard(record.CustomerID, card)
	}
	if err != nil {
		k.Fatal(err)
	}
	k.stripe("/v1/subscriptions", form("customer", record.CustomerID, "items[0][price]", price))
	k.park("cus_nobody", "checkout.session.completed",
		`{"type":"checkout.session.completed","data":{"object":{"object":"checkout.session","id":"cs_n","customer":"cus_nobody","mode":"payment","payment_status":"paid","amount_total":4900,"currency":"eur"}}}`)
	k.until("eve pays without access", func() bool {
		page, err := k.store.FindAccounts(k.Context(), lockstep.AccountFilter{Concern: lockstep.PayerWithoutAccess})
		return err == nil && len(page.Accounts) == 1
	})
}

// park stores an event of a customer that Stripe does not know, and waits until its key parks.
func (k *kit) park(customer, kind, body string) lockstep.Key {
	k.Helper()
	key := lockstep.Key{Kind: lockstep.KeyCustomer, ID: customer}
	event := lockstep.Event{Source: lockstep.Stripe, ID: "evt_of_" + customer, Type: kind, Origin: lockstep.Delivered,
		ReceivedAt: time.Now(), CustomerID: customer, Body: []byte(body)}
	if _, err := k.store.Receive(k.Context(), []lockstep.Delivery{{Event: event,
		Mark: &lockstep.Mark{Key: key, Scope: lockstep.ScopeSubscriptions}}}); err != nil {
		k.Fatal(err)
	}
	k.until(key.String()+" is parked", func() bool {
		work, err := k.store.Work(k.Context(), key)
		return err == nil && work.Status() == lockstep.WorkParked
	})
	return key
}

// The overview counts what needs attention, and names the first accounts. Names are text.
func TestOverview(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	k := start(t)
	anna := k.signIn(lockstep.ConsoleViewer)
	if got := anna.open("/console"); !strings.Contains(got.body, "All is well") {
		t.Errorf("nothing happened yet: %s", got.body)
	}
	troubled(k)
	k.until("the overview is read again", func() bool { return !strings.Contains(anna.open("/console").body, "All is well") })
	got := anna.open("/console").body
	for _, part := range []string{"They pay, and have no access", "no plan of the catalog lists", "€49.00",
		"&lt;img src=x onerror=alert(1)&gt;"} {
		if !strings.Contains(got, part) {
			t.Errorf("the overview lacks %q: %s", part, got)
		}
	}
	if strings.Contains(got, evil) {
		t.Errorf("a name is markup: %s", got)
	}
	enter(b, k, lockstep.ConsoleViewer)
	b.Look("console-overview-trouble")
	b.Open(k.url+"/console/accounts", "tr[data-row]")
	b.Look("console-accounts-trouble")
}

// A person finds an account by what they have.
func TestAccountsAreFound(t *testing.T) {
	t.Parallel()
	k := start(t)
	troubled(k)
	anna := k.signIn(lockstep.ConsoleViewer)
	record, err := k.store.FindAccounts(t.Context(), lockstep.AccountFilter{Text: "ada@example.com"})
	if err != nil || len(record.Accounts) != 1 {
		t.Fatal(err, record)
	}
	ada := record.Accounts[0]
	whole, err := k.store.Account(t.Context(), ada.Account)
	if err != nil {
		t.Fatal(err)
	}
	for query, found := range map[string]bool{"q=ada@example.com": true, "q=ADA@": true, "q=" + ada.Account.ID: true,
		"q=" + ada.Account.String(): true, "q=" + ada.CustomerID: true, "q=" + whole.Subscriptions[0].ID: true,
		"status=active&plan=pro": true, "kind=user": true, "kind=organization": false, "concern=payer_without_access": false,
		"q=nobody@example.com": false, "state=deleted": false} {
		got := anna.open("/console/accounts?" + query)
		if got.status != 200 || strings.Contains(got.body, `href="/console/accounts/user/`+ada.Account.ID+`"`) != found {
			t.Errorf("%s: %d, want found = %t: %s", query, got.status, found, got.body)
		}
	}
	if got := anna.open("/console/accounts?after=nonsense"); got.status != 400 && got.status != 422 {
		t.Errorf("a wrong cursor: %d %s", got.status, got.body)
	}
	if got := anna.open("/console/accounts?q=" + `"><script>alert(1)</script>`); strings.Contains(got.body, "<script>alert") {
		t.Errorf("a search is markup: %s", got.body)
	}
}

// Pages of accounts follow each other without gaps.
func TestAccountsPage(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.Identities = server.FromAPI; c.Clerk = server.Clerk{} })
	for i := range 60 {
		id := "u" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		k.api("PUT", "/v1/accounts/user/"+id, map[string]string{"email": id + "@example.com"}, nil)
	}
	k.until("all accounts are known", func() bool {
		page, err := k.store.FindAccounts(t.Context(), lockstep.AccountFilter{Limit: 200})
		return err == nil && len(page.Accounts) == 60
	})
	anna := k.signIn(lockstep.ConsoleViewer)
	seen, next := map[string]bool{}, "/console/accounts"
	for pages := 0; next != "" && pages < 5; pages++ {
		body := anna.open(next).body
		for _, part := range strings.Split(body, `<tr id="account-`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			if seen[id] {
				t.Errorf("%s is on two pages", id)
			}
			seen[id] = true
		}
		next = ""
		if _, after, more := strings.Cut(body, `class="pager"><a class="button quiet" href="`); more {
			href, _, _ := strings.Cut(after, `"`)
			next = strings.ReplaceAll(href, "&amp;", "&")
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d accounts on all pages, want 60", len(seen))
	}
}
