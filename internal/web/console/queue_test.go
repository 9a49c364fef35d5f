package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/check/browser"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// Personal data is masked until an operator reveals it, which the audit log keeps.
func TestBodiesAreMasked(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.ada()
	events, err := k.store.Events(t.Context(), lockstep.EventFilter{Source: lockstep.Clerk, Key: ada.Key(), Limit: 1})
	if err != nil || len(events.Events) != 1 {
		t.Fatal(err, events)
	}
	event := events.Events[0]
	personal := []string{"ada@example.com", "Lovelace"}
	for _, p := range personal {
		if !strings.Contains(string(event.Body), p) {
			t.Fatalf("the event has no %q: %s", p, event.Body)
		}
	}
	anna := k.signIn(lockstep.ConsoleOperator)
	page := "/console/events/clerk/" + event.ID
	for path, got := range map[string]answer{page: anna.open(page), "the list": anna.open("/console/events"),
		"the action": anna.open("/console/actions/reveal?event=clerk/" + event.ID)} {
		if got.status != http.StatusOK || strings.Contains(got.body, personal[0]) || strings.Contains(got.body, personal[1]) {
			t.Errorf("%s shows personal data: %d %s", path, got.status, got.body)
		}
	}
	if got := anna.open(page); !strings.Contains(got.body, "Personal data is masked") || !strings.Contains(got.body, ada.ID) ||
		!strings.Contains(got.body, "&#34;type&#34;: &#34;user.created&#34;") {
		t.Errorf("the page lacks the rest of the body: %s", got.body)
	}
	got := anna.does("reveal", "event", "clerk/"+event.ID)
	if got.status != http.StatusOK || !strings.Contains(got.body, personal[0]) || !strings.Contains(got.body,
		personal[1]) {
		t.Errorf("the body is not revealed: %d %s", got.status, got.body)
	}
	if strings.Contains(got.url, "ada") || strings.Contains(got.header.Get("Set-Cookie"), "said") ||
		got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the body may be kept: %s %v", got.url, got.header)
	}
	k.recorded("reveal-event", lockstep.AuditDone)
}

// Events are found by what a person has, and looked at again.
func TestEventsAreFoundAndReplayed(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.ada()
	k.park("cus_nobody", evil, `{"type":"x","data":{"object":{"name":"`+evil+`"}}}`)
	anna := k.signIn(lockstep.ConsoleOperator)
	row := `id="event-stripe/evt_of_cus_nobody"`
	for query, found := range map[string]bool{"": true, "status=parked": true, "status=done": false, "source=clerk": false,
		"key=customer/cus_nobody": true, "key=" + ada.String(): false, "type=" + url.QueryEscape(evil): true,
		"type=invoice.paid": false, "since=2020-01-01T00:00": true, "until=2020-01-01T00:00": false} {
		got := anna.open("/console/events?" + query)
		if got.status != http.StatusOK || strings.Contains(got.body, row) != found || strings.Contains(got.body, evil) {
			t.Errorf("%s: %d, want found = %t and no markup: %s", query, got.status, found, got.body)
		}
	}
	if got := anna.open("/console/events?key=nonsense"); got.status != http.StatusUnprocessableEntity ||
		!strings.Contains(got.body, "key:") {
		t.Errorf("a wrong key: %d %s", got.status, got.body)
	}
	if got := anna.open("/console/events/stripe/evt_none"); got.status != http.StatusNotFound ||
		!strings.Contains(got.body, "is not stored") {
		t.Errorf("an unknown event: %d %s", got.status, got.body)
	}
	got := anna.open("/console/events/stripe/evt_of_cus_nobody")
	if got.status != http.StatusOK || strings.Contains(got.body, evil) || !strings.Contains(got.body,
		"/console/work/customer/cus_nobody") {
		t.Errorf("the event: %d %s", got.status, got.body)
	}
	if got := anna.does("replay", "event", "stripe/evt_of_cus_nobody"); !strings.Contains(got.body, "Queued: 1 key") {
		t.Errorf("replayed: %d %s", got.status, got.body)
	}
	k.recorded("replay-events", lockstep.AuditDone)
}

// Parked work is retried, linked or dropped.
func TestWork(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.ada()
	body := `{"type":"customer.created","data":{"object":{}}}`
	for _, customer := range []string{"cus_one", "cus_two", "cus_three"} {
		k.park(customer, "customer.created", body)
	}
	anna, viewer := k.signIn(lockstep.ConsoleOperator), k.signIn(lockstep.ConsoleViewer)
	list := anna.open("/console/work?status=parked").body
	for _, part := range []string{"customer/cus_one", "customer/cus_three", `type="checkbox"`, "Retry the chosen"} {
		if !strings.Contains(list, part) {
			t.Errorf("the list lacks %q: %s", part, list)
		}
	}
	if got := viewer.open("/console/work?status=parked").body; strings.Contains(got, "checkbox") || strings.Contains(got, "Retry") {
		t.Errorf("a viewer can choose work: %s", got)
	}
	if got := viewer.open("/console/work/customer/cus_one").body; strings.Contains(got, "/console/actions/") {
		t.Errorf("a viewer has buttons: %s", got)
	}
	key := anna.open("/console/work/customer/cus_one").body
	for _, part := range []string{"It waits for an account", "actions/link-object?object=cus_one", "actions/retry", "actions/drop",
		"evt_of_cus_one"} {
		if !strings.Contains(key, part) {
			t.Errorf("the page of the key lacks %q: %s", part, key)
		}
	}
	if got := anna.does("retry", "key", "customer/cus_one", "key", "customer/cus_two"); !strings.Contains(got.body, "2 keys run") {
		t.Errorf("retried: %s", got.body)
	}
	k.recorded("retry-work", lockstep.AuditDone)
	if asked := anna.open("/console/actions/drop?key=customer/cus_three").body; !strings.Contains(asked, "That settles 1 event (1 × customer.created)") {
		t.Errorf("the page does not say what is settled: %s", asked)
	}
	k.until("the keys are parked again", func() bool {
		page, err := k.store.OpenWork(t.Context(), lockstep.WorkFilter{Status: lockstep.WorkParked})
		return err == nil && len(page.Work) == 3
	})
	if got := anna.does("drop", "key", "customer/cus_three", "paid", "Refuse to drop it"); !strings.Contains(got.body, "is dropped") {
		t.Errorf("dropped: %d %s", got.status, got.body)
	}
	k.recorded("drop-work", lockstep.AuditDone)
	// What the API refuses, the page shows beside what was entered.
	if got := anna.does("link-object", "object", "cus_one", "account", evil); got.status != http.StatusUnprocessableEntity ||
		strings.Contains(got.body, evil) || !strings.Contains(got.body, "&lt;img") || !strings.Contains(got.body, `role="alert"`) {
		t.Errorf("a wrong account: %d %s", got.status, got.body)
	}
	if got := anna.does("link-object", "object", "cus_none", "account", ada.String()); got.status < 400 && !strings.Contains(got.body, "is linked") {
		t.Errorf("an unknown customer: %d %s", got.status, got.body)
	}
}

// Deletions that the brake holds are approved or discarded, some or all.
func TestDeletions(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	k := start(t, func(c *server.Config) { c.Deletion.Brake = lockstep.Brake{Limit: 1, Share: 1} })
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		k.signUp(simulator.SignUp{Email: name + "@example.com", FirstName: name})
	}
	anna := k.signIn(lockstep.ConsoleOperator)
	if got := anna.open("/console/deletions").body; !strings.Contains(got, "The brake holds no deletion") {
		t.Errorf("nothing is held: %s", got)
	}
	for _, user := range k.sim.Users() {
		if err := k.sim.DeleteUser(user.ID); err != nil {
			t.Fatal(err)
		}
	}
	held := func() []lockstep.Deletion {
		list, err := k.store.DeletionsIn(t.Context(), lockstep.DeletionHeld, 100)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	k.until("the brake holds three", func() bool { return len(held()) >= 3 })
	enter(b, k, lockstep.ConsoleOperator)
	b.Open(k.url+"/console/deletions", "tr[data-row]")
	b.Look("console-deletions-held")
	list := held()
	one, two := list[0].Account.String(), list[1].Account.String()
	if got := anna.does("discard-deletions", "account", one); !strings.Contains(got.body, "1 deletion is discarded") {
		t.Errorf("discarded: %d %s", got.status, got.body)
	}
	k.recorded("discard-deletions", lockstep.AuditDone)
	if asked := anna.open("/console/actions/approve-deletions?account=" + two).body; !strings.Contains(asked, two) {
		t.Errorf("the page does not name the account: %s", asked)
	}
	if got := anna.does("approve-deletions", "account", two); !strings.Contains(got.body, "1 deletion is approved") {
		t.Errorf("approved: %d %s", got.status, got.body)
	}
	if got := anna.does("approve-deletions", "account", "all"); !strings.Contains(got.body, "approved. Lockstep ends") {
		t.Errorf("all approved: %d %s", got.status, got.body)
	}
	k.recorded("approve-deletions", lockstep.AuditDone)
	k.until("nothing is held", func() bool { return len(held()) == 0 })
	if got := anna.open("/console/deletions?state=discarded").body; !strings.Contains(got, one) {
		t.Errorf("the discarded one is missing: %s", got)
	}
	if got := anna.open("/console/actions/approve-deletions"); got.status != http.StatusBadRequest {
		t.Errorf("nothing is chosen: %d", got.status)
	}
}

// The detail pages work on a phone, in dark mode and with axe-core.
func TestQueuePagesInABrowser(t *testing.T) {
	t.Parallel()
	b, k := browser.Start(t), start(t)
	k.ada()
	k.park("cus_nobody", "customer.created", `{"type":"customer.created","data":{"object":{"email":"eve@example.com"}}}`)
	enter(b, k, lockstep.ConsoleOperator)
	for path, name := range map[string]string{"/console/events?status=parked": "events", "/console/events/stripe/evt_of_cus_nobody": "event",
		"/console/work": "work", "/console/work/customer/cus_nobody": "key", "/console/actions/drop?key=customer/cus_nobody": "drop"} {
		b.Open(k.url+path, "main h1")
		b.Look("console-" + name + "-one")
	}
}
