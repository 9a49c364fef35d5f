package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

var (
	eventLinks = regexp.MustCompile(`href="/console/events/stripe/(evt_\d+)"`)
	earlier    = regexp.MustCompile(`href="([^"]+)" rel="next"`)
)

// pend stores events that wait for a run, which a claim holds off.
func (k *kit) pend(account lockstep.Account, number int) {
	k.Helper()
	k.settled(account)
	k.claim(account.Key())
	old := time.Now().Add(-48 * time.Hour)
	var all []lockstep.Delivery
	for n := range number {
		all = append(all, lockstep.Delivery{Event: lockstep.Event{Source: lockstep.Stripe, ID: fmt.Sprintf("evt_%d", n),
			Type: "invoice.paid", Origin: lockstep.Delivered, Key: account.Key(), OccurredAt: old,
			ReceivedAt: old.Add(time.Duration(n/7) * time.Minute)}, Mark: &lockstep.Mark{Key: account.Key()}})
	}
	if _, err := k.store.Receive(k.Context(), all); err != nil {
		k.Fatal(err)
	}
}

// TestTheTimelineHasPagesAndPermalinks: each event is on one page, and its link leads to that page.
func TestTheTimelineHasPagesAndPermalinks(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.signUp(ada)
	k.pays(account, "pro")
	const events = 230
	k.pend(account, events)
	anna := k.signIn(lockstep.ConsoleViewer)
	on := map[string]int{} // the page of each event
	pages := 0
	for at := page(account); at != ""; pages++ {
		got := anna.open(at)
		if got.status != http.StatusOK {
			t.Fatalf("%s: %d %s", at, got.status, got.text())
		}
		for _, found := range eventLinks.FindAllStringSubmatch(got.body, -1) {
			if other, twice := on[found[1]]; twice {
				t.Errorf("%s is on the pages %d and %d", found[1], other, pages)
			}
			on[found[1]] = pages
		}
		if begins := strings.Contains(got.text(), "Access to pro began."); begins != (pages == 0) {
			t.Errorf("page %d has the runs: %v", pages, begins)
		}
		next := earlier.FindStringSubmatch(got.body)
		at = ""
		if next != nil {
			href, _, _ := strings.Cut(strings.ReplaceAll(next[1], "&amp;", "&"), "#")
			at = page(account) + href
		}
	}
	if len(on) != events || pages < 3 {
		t.Errorf("%d pages have %d events, want %d", pages, len(on), events)
	}
	for _, event := range []string{"evt_0", "evt_229", "evt_115"} {
		id := "event-stripe-" + event
		got := anna.open(page(account) + "?entry=" + id)
		if !strings.Contains(got.body, `sought" id="`+id+`"`) || !strings.Contains(got.body, "/"+event+`"`) {
			t.Errorf("the permalink of %s does not lead there: %s", id, got.text())
		}
	}
	anna.open(page(account)+"?entry=run-0000").says(k, "The entry of this link is not here any more")
	if got := anna.open(page(account) + "?before=x"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a damaged address: %d", got.status)
	}
}

func TestEventsOfOneKindAreFolded(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.signUp(ada)
	k.pend(account, 12)
	k.signIn(lockstep.ConsoleViewer).open(page(account)).says(k, "×12", "12 events arrived, and wait for a run.", "1 day earlier")
}

// TestForeignTextIsEscaped tries HTML in everything that others write.
func TestForeignTextIsEscaped(t *testing.T) {
	t.Parallel()
	const evil, quoted = `<img src=x onerror=alert(1)>`, `"><script>alert(2)</script>`
	k := start(t)
	account := k.signUp(simulator.SignUp{Email: "eve@example.com", FirstName: "Eve", LastName: "E"})
	k.pays(account, "pro")
	k.settled(account)
	event := lockstep.Event{Source: lockstep.Stripe, ID: "evt_" + quoted, Type: evil, Origin: lockstep.Delivered,
		Key: account.Key(), ReceivedAt: time.Now().Add(-24 * time.Hour), OccurredAt: time.Now()}
	entry := lockstep.AuditEntry{Request: quoted, Actor: evil, Action: quoted, Subject: evil, Account: account,
		Result: lockstep.AuditFailed, Failure: quoted, Reason: evil, Before: `{"a":"<script>"}`}
	if err := k.store.AppendAudit(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	k.plant(account, func(r *lockstep.Record) {
		r.Name, r.Email = evil, quoted+"@example.com"
		r.Subscriptions[0].ID = "sub_" + evil
		r.Subscriptions[0].Items[0].LookupKey, r.Subscriptions[0].Items[0].ProductID = evil, quoted
		r.SetProblem(lockstep.Problem{Step: lockstep.StepMetadata, Code: quoted, Reason: evil, Since: time.Now()})
	})
	if _, err := k.store.Receive(t.Context(), []lockstep.Delivery{{Event: event,
		Mark: &lockstep.Mark{Key: account.Key()}}}); err != nil {
		t.Fatal(err)
	}
	customer := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_" + quoted}
	err := k.store.Link(t.Context(), k.claim(customer), lockstep.Identity{Account: account}, customer.ID, lockstep.Claimed)
	if err != nil {
		t.Fatal(err)
	}
	anna := k.signIn(lockstep.ConsoleOperator)
	for _, at := range []string{page(account), page(account) + "?show=" + form("x", quoted).Encode()[2:],
		page(account) + "?entry=" + form("x", quoted).Encode()[2:]} {
		got := anna.open(at)
		if got.status != http.StatusOK {
			t.Fatalf("%s: %d %s", at, got.status, got.text())
		}
		got.lacks(k, "<img src=x", "<script>alert", "onerror=alert(1)>", `"><`+"script")
		if at == page(account) {
			got.says(k, "&lt;img src=x onerror=alert(1)&gt;")
		}
	}
	for _, asked := range []string{"unlink", "merge"} {
		anna.open("/console/actions/"+asked+"?"+form("account", account.String(), "customer",
			"cus_"+quoted).Encode()).lacks(k, "<img src=x", "<script>alert")
	}
}
