package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// event returns the id of an event of a key.
func (k *kit) event(key lockstep.Key) string {
	k.Helper()
	page, err := k.store.Events(k.Context(), lockstep.EventFilter{Key: key, Source: lockstep.Stripe, Limit: 1})
	if err != nil || len(page.Events) != 1 {
		k.Fatalf("events of %s: %v, %v", key, page, err)
	}
	return page.Events[0].ID
}

// park stores an event of a customer that Stripe does not know, and waits until its key parks.
func (k *kit) park(customer, kind string) lockstep.Key {
	k.Helper()
	key := lockstep.Key{Kind: lockstep.KeyCustomer, ID: customer}
	event := lockstep.Event{Source: lockstep.Stripe, ID: "evt_of_" + customer, Type: kind, Origin: lockstep.Delivered,
		ReceivedAt: time.Now(), Body: []byte(`{"email":"eve@example.com"}`)}
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

// actions returns the entries of the audit log as "action subject result was became why", the oldest first.
func (k *kit) actions() (lines []string) {
	k.Helper()
	page, err := k.store.AuditEntries(k.Context(), lockstep.AuditFilter{})
	if err != nil {
		k.Fatal(err)
	}
	for _, e := range page.Entries {
		lines = append(lines, strings.TrimSpace(strings.Join([]string{e.Action, e.Subject, string(e.Result),
			e.Before, e.After, e.Reason}, " ")))
	}
	slices.Reverse(lines)
	return lines
}

type work struct {
	Key, Status, Reason string
	Attempts            int
}

func TestAParkedKeyIsReplayedDroppedAndRetried(t *testing.T) {
	t.Parallel()
	k := start(t)
	key := k.park("cus_stranger", "customer.updated")
	parked := as[struct{ Data []work }](k, k.call("GET", "/v1/work?status=parked", apiKey, "")).Data
	if len(parked) != 1 || parked[0].Key != key.String() || parked[0].Reason == "" {
		t.Fatalf("parked: %+v", parked)
	}

	a := k.call("POST", "/v1/events/replay", apiKey, `{"events":["evt_of_cus_stranger","evt_none"]}`)
	if want := `{"replayed":1,"reopened":1,"ignored":0,"keys":["customer/cus_stranger"],"unknown":["evt_none"]}`; a.status != http.StatusAccepted ||
		strings.TrimSpace(a.body) != want {
		t.Errorf("replay: %d %s", a.status, a.body)
	}
	k.until("it is parked again", func() bool {
		e, err := k.store.Event(t.Context(), lockstep.EventRef{ID: "evt_of_cus_stranger"})
		return err == nil && e.Status == lockstep.EventParked
	})

	drop := k.call("POST", "/v1/work/drop", apiKey, `{"key":"customer/cus_stranger"}`)
	dropped := as[work](k, drop)
	if dropped.Status != "dropped" || dropped.Reason != "dropped by key/environment" {
		t.Errorf("dropped: %+v", dropped)
	}
	type shown struct {
		Status, Reason string
		Work           work
	}
	event := k.call("GET", "/v1/events/evt_of_cus_stranger", apiKey, "")
	if e := as[shown](k, event); e.Status != "dropped" || e.Reason != dropped.Reason || e.Work.Status != "dropped" ||
		strings.Contains(event.body, "example.com") {
		t.Errorf("event: %s", event.body)
	}
	if a := k.call("GET", "/v1/events/evt_of_cus_stranger?body=true", apiKey, ""); !strings.Contains(a.body, "example.com") {
		t.Errorf("event with its body: %s", a.body)
	}

	a = k.call("POST", "/v1/work/retry", apiKey, `{"keys":["customer/cus_stranger"]}`)
	if was := as[struct{ Keys []work }](k, a).Keys; len(was) != 1 || was[0].Status != "dropped" {
		t.Errorf("retry: %s", a.body)
	}
	k.until("it is parked once more", func() bool {
		now, err := k.store.Work(t.Context(), key)
		return err == nil && now.Status() == lockstep.WorkParked
	})
	want := []string{
		"replay-events event/evt_of_cus_stranger requested",
		"replay-events event/evt_none requested",
		"replay-events event/evt_of_cus_stranger done",
		`replay-events event/evt_none done  {"stored":false}`,
		`replay-events customer/cus_stranger done {"events":{"parked":1}} {"status":"pending"}`,
		"drop-work customer/cus_stranger requested",
		`drop-work customer/cus_stranger done {"attempts":1,"reason":"` + parked[0].Reason + `","status":"parked"} {"status":"dropped"}`,
		"retry-work customer/cus_stranger requested",
		`retry-work customer/cus_stranger done {"attempts":0,"status":"dropped"} {"status":"pending"}`,
	}
	if got := k.actions(); !slices.Equal(got, want) {
		t.Errorf("audit log:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatMustNotBeDropped(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	k.park("cus_payer", "invoice.paid")
	later := func(key lockstep.Key) {
		if err := k.store.Mark(t.Context(), lockstep.Mark{Key: key, Delay: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	later(lockstep.Key{Kind: lockstep.KeySweep, ID: "none"})
	k.until("a known account is not dropped", func() bool { // a run of its own may end between the two calls
		later(ada.Key())
		a := k.call("POST", "/v1/work/drop", apiKey, `{"key":"`+ada.String()+`"}`)
		return a.status == 409 && strings.Contains(a.body, "its access must follow Stripe")
	})
	for _, c := range []struct {
		key, says string
		status    int
	}{
		{"sweep/none", "repairs other keys", 422},
		{"customer/cus_payer", "someone may have paid; link it to an account, or drop it with paid = true", 409},
		{"customer/cus_none", "nothing of customer/cus_none is open", 404},
	} {
		a := k.call("POST", "/v1/work/drop", apiKey, `{"key":"`+c.key+`"}`)
		if a.status != c.status || !strings.Contains(a.body, c.says) {
			t.Errorf("%s: %d %s", c.key, a.status, a.body)
		}
	}
	if a := k.call("POST", "/v1/work/drop", apiKey, `{"key":"customer/cus_payer","paid":true}`); a.status != 200 {
		t.Errorf("decided: %d %s", a.status, a.body)
	}
	if log := k.actions(); !slices.Contains(log, "drop-work customer/cus_payer failed") {
		t.Errorf("audit log: %q", log)
	}
}

// TestAReplayOfADeletionConfirmsIt: the run must know that an event said so, or it would wait for the next
// list of the directory.
func TestAReplayOfADeletionConfirmsIt(t *testing.T) {
	t.Parallel()
	k := start(t)
	bob := k.signUp("bob@example.com")
	deleted := func() bool {
		record, err := k.store.Account(t.Context(), bob)
		return err == nil && record.State == lockstep.AccountDeleted
	}
	event := lockstep.Event{Source: lockstep.Clerk, ID: "msg_deleted", Type: "user.deleted", Origin: lockstep.Delivered,
		ReceivedAt: time.Now(), Body: []byte("{}")}
	if _, err := k.store.Receive(t.Context(), []lockstep.Delivery{{Event: event,
		Mark: &lockstep.Mark{Key: bob.Key(), Scope: lockstep.ScopeIdentity | lockstep.ScopeDeleted}}}); err != nil {
		t.Fatal(err)
	}
	k.until("the event is processed", func() bool {
		e, err := k.store.Event(t.Context(), lockstep.EventRef{ID: "msg_deleted"})
		return err == nil && e.Status == lockstep.EventDone
	})
	if deleted() {
		t.Fatal("an account that the directory knows was deleted")
	}
	k.sim.SetClerkWebhooks(nil) // the event is lost
	if err := k.sim.DeleteUser(bob.ID); err != nil {
		t.Fatal(err)
	}
	if a := k.call("POST", "/v1/events/replay", apiKey, `{"events":["msg_deleted"]}`); a.status != 202 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	k.until("bob is deleted", deleted)
}

// A fix of many accounts must not delay a buyer, who waits.
func TestAFixOfManyGoesLast(t *testing.T) {
	t.Parallel()
	k := start(t)
	for body, want := range map[string]lockstep.Priority{
		`{"keys":["customer/cus_one"]}`:                    lockstep.Interactive,
		`{"keys":["customer/cus_many"],"background":true}`: lockstep.Background,
	} {
		if a := k.call("POST", "/v1/verify/fix", apiKey, body); a.status != http.StatusAccepted {
			t.Fatalf("%s: %d %s", body, a.status, a.body)
		}
		name, _, _ := strings.Cut(strings.SplitN(body, "/", 2)[1], `"`)
		work, err := k.store.Work(t.Context(), lockstep.Key{Kind: lockstep.KeyCustomer, ID: name})
		if err != nil || work.Priority != want {
			t.Errorf("%s: priority %s, want %s, %v", body, work.Priority, want, err)
		}
	}
}
