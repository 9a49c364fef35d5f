package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// record is what the database has; zero if it has nothing.
func (k *kit) record(account lockstep.Account) lockstep.Record {
	record, err := k.store.Account(k.Context(), account)
	if err != nil {
		return lockstep.Record{}
	}
	return record
}

// access is what the account may use now.
func (k *kit) access(account lockstep.Account) lockstep.Access {
	return k.config.Catalog.Access(k.record(account), time.Now())
}

// pays buys a plan, and waits until nothing of the account is due.
func (k *kit) pays(account lockstep.Account, plan string) {
	k.Helper()
	k.buy(account, plan)
	k.settled(account)
}

// settled waits until nothing of an account is due.
func (k *kit) settled(account lockstep.Account) {
	k.Helper()
	k.until("nothing is due", func() bool {
		work, err := k.store.Work(k.Context(), account.Key())
		return err == nil && work.LeaseUntil.IsZero() && (!work.Pending() || time.Until(work.RunAt) > time.Minute) &&
			k.sim.PendingDeliveries() == 0
	})
}

func page(account lockstep.Account) string { return "/console/accounts/" + account.String() }

var tags = regexp.MustCompile(`<[^>]*>|\s+`)

// text is what a page says, without its tags.
func (a answer) text() string {
	_, content, _ := strings.Cut(a.body, "<main")
	return strings.Join(strings.Fields(tags.ReplaceAllString(content, " ")), " ")
}

// says checks that a page has texts.
func (a answer) says(k *kit, texts ...string) {
	k.Helper()
	for _, text := range texts {
		if !strings.Contains(a.text(), text) {
			k.Errorf("the page lacks %q: %s", text, a.text())
		}
	}
}

// lacks checks that a page does not have texts, not even in its tags.
func (a answer) lacks(k *kit, texts ...string) {
	k.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			k.Errorf("the page has %q: %s", text, a.body)
		}
	}
}

// does does an action as the page offers it: names and values of what it needs, in turn.
func (p *person) does(name string, pairs ...string) answer {
	p.Helper()
	if asked := p.open("/console/actions/" + name + "?" + form(pairs...).Encode()); asked.status != http.StatusOK {
		p.Fatalf("%s asks: %d %s", name, asked.status, asked.text())
	}
	return p.post("/console/actions/"+name, append(pairs, "token", p.token(), "reason", "ticket 4711")...)
}

// recorded checks that the audit log has the action with its reason.
func (k *kit) recorded(action string, result lockstep.AuditResult) {
	k.Helper()
	page, err := k.store.AuditEntries(k.Context(), lockstep.AuditFilter{Limit: 100})
	if err != nil {
		k.Fatal(err)
	}
	for _, e := range page.Entries {
		if e.Action == action && e.Result == result && e.Actor == "console/anna" && e.Reason == "ticket 4711" {
			return
		}
	}
	k.Errorf("the audit log lacks %s %s: %+v", action, result, page.Entries)
}

// claimedLink pays through a payment link that names the account in its address, which anyone can write. It
// returns the customer, whose link is only claimed.
func (k *kit) claimedLink(account lockstep.Account, buyer simulator.Contact) (customer string) {
	k.Helper()
	price := ""
	for _, p := range k.sim.Prices() {
		if p.LookupKey == "pro" {
			price = p.ID
		}
	}
	var link struct{ ID string }
	k.creates("/v1/payment_links", form("line_items[0][price]", price, "line_items[0][quantity]", "1"), &link)
	session, err := k.sim.VisitPaymentLink(link.ID, "client_reference_id="+account.ID)
	if err != nil {
		k.Fatal(err)
	}
	if err := k.sim.PayCheckoutAs(session, card, buyer); err != nil {
		k.Fatal(err)
	}
	k.until("the customer is linked", func() bool {
		further := k.record(account).Further
		return len(further) == 1 && k.access(account).Active
	})
	k.settled(account)
	return k.record(account).Further[0].CustomerID
}

// creates calls Stripe's API, and decodes what it created.
func (k *kit) creates(path string, content url.Values, out any) {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), http.MethodPost, k.config.Stripe.BaseURL+path,
		strings.NewReader(content.Encode()))
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read completely
	if response.StatusCode != http.StatusOK {
		k.Fatalf("%s: %d", path, response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		k.Fatal(err)
	}
}

// heldDeletion deletes users until the brake holds one, and returns it.
func (k *kit) heldDeletion() lockstep.Account {
	k.Helper()
	var all []lockstep.Account
	for i := range 7 { // the brake allows five
		all = append(all, k.signUp(simulator.SignUp{Email: fmt.Sprintf("u%d@example.com", i), FirstName: "U"}))
	}
	for _, account := range all {
		if err := k.sim.DeleteUser(account.ID); err != nil {
			k.Fatal(err)
		}
	}
	var held lockstep.Account
	k.until("a deletion is held", func() bool {
		for _, account := range all {
			if k.record(account).Deletion == lockstep.DeletionHeld {
				held = account
			}
		}
		return !held.IsZero()
	})
	return held
}

// claim marks a key and claims it before a worker does. The lease outlasts the test.
func (k *kit) claim(key lockstep.Key) (claimed lockstep.Claim) {
	k.Helper()
	k.until("the key is claimed", func() bool {
		if err := k.store.Mark(k.Context(), lockstep.Mark{Key: key, Scope: lockstep.ScopeAll}); err != nil {
			k.Fatal(err)
		}
		claims, err := k.store.Claim(k.Context(), lockstep.ClaimRequest{Limit: 100, Lease: time.Hour,
			MaxPriority: lockstep.Background})
		if err != nil {
			k.Fatal(err)
		}
		at := slices.IndexFunc(claims, func(c lockstep.Claim) bool { return c.Key == key })
		if at >= 0 {
			claimed = claims[at]
		}
		return at >= 0
	})
	return claimed
}

// plant changes what the database has about an account, as a run would that has not ended.
func (k *kit) plant(account lockstep.Account, change func(*lockstep.Record)) {
	k.Helper()
	claim := k.claim(account.Key())
	record := k.record(account)
	change(&record)
	if err := k.store.Save(k.Context(), claim, lockstep.AccountUpdate{Record: record}); err != nil {
		k.Fatal(err)
	}
}
