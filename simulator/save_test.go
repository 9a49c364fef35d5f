package simulator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// lively fills a simulator with objects of all kinds, an undelivered webhook and a
// scheduled cancellation.
func lively(t *testing.T, b *bench) simulator.Subscription {
	t.Helper()
	owner, err := b.SignUp(simulator.SignUp{Email: "a@example.com", FirstName: "A"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateOrganization("Acme", owner.ID); err != nil {
		t.Fatal(err)
	}
	sub := b.Subscribed(b.AddPlan(simulator.Plan{ProductName: "Pro", Amount: 2900, Interval: "month",
		Features: []string{"seats"}}))
	b.Advance(35 * simharness.Day)
	if err := b.PortalCancel(sub.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.Refund(b.Charges()[0].ID, 100); err != nil {
		t.Fatal(err)
	}
	return sub
}

func TestASavedStateGoesOnInAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := newBench(t, 1)
		sub := lively(t, first)
		token, err := first.SessionToken(first.Users()[0].ID, "")
		if err != nil {
			t.Fatal(err)
		}
		var file, again bytes.Buffer
		if err := first.Save(&file); err != nil {
			t.Fatal(err)
		}
		second := newBench(t, 99)
		second.SetStripeWebhooks(nil) // the saved endpoints come back
		if err := second.Load(bytes.NewReader(file.Bytes())); err != nil {
			t.Fatal(err)
		}
		if err := second.Save(&again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(file.String(), again.String()); diff != "" {
			t.Errorf("saving what was loaded writes something else:\n%s", diff)
		}
		for _, compare := range []struct{ name, diff string }{
			{"customers", cmp.Diff(first.Customers(), second.Customers())},
			{"subscriptions", cmp.Diff(first.Subscriptions(), second.Subscriptions())},
			{"users", cmp.Diff(first.Users(), second.Users())},
			{"organizations", cmp.Diff(first.Organizations(), second.Organizations())},
			{"clock", cmp.Diff(first.Now(), second.Now())},
			{"pending", cmp.Diff(first.PendingDeliveries(), second.PendingDeliveries())},
		} {
			if compare.diff != "" {
				t.Errorf("%s differ:\n%s", compare.name, compare.diff)
			}
		}
		if other, err := second.SessionToken(second.Users()[0].ID, ""); err != nil || header(other) != header(token) {
			t.Errorf("the tokens have the headers %s and %s, %v", header(token), header(other), err)
		}
		if a, b := first.Customer("same@example.com"), second.Customer("same@example.com"); a.ID != b.ID {
			t.Errorf("the ids go on differently: %s and %s", a.ID, b.ID)
		}
		pending := second.PendingDeliveries()
		second.Start()
		second.Settle()
		if got := len(second.Inbox.All()); got != pending {
			t.Errorf("%d of %d pending webhooks arrived", got, pending)
		}
		second.Advance(40 * simharness.Day)
		if got := second.Subscription(sub.ID).Status; got != "canceled" {
			t.Errorf("the scheduled end was lost: %s", got)
		}
		second.Stop()
	})
}

func header(token string) string {
	first, _, _ := strings.Cut(token, ".")
	return first
}

func TestTimeThatPassedWhileSavedHasPassed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := newBench(t, 1)
		sub := first.Subscribed(first.Monthly())
		var file bytes.Buffer
		if err := first.Save(&file); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * simharness.Day)
		second := newBench(t, 1)
		if err := second.Load(&file); err != nil {
			t.Fatal(err)
		}
		if got := second.Subscription(sub.ID).PeriodEnd(); !got.Equal(time.Date(2000, 3, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("period ends %s, want 1 March: a renewal was due while the file lay there", got)
		}
		for _, event := range second.Events() {
			if event.Type == "customer.subscription.updated" && !event.Created.Equal(sub.PeriodEnd()) {
				t.Errorf("the renewal is dated %s, want %s", event.Created, sub.PeriodEnd())
			}
		}
	})
}

func TestABrokenFileChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		b.Customer("a@example.com")
		var file bytes.Buffer
		if err := b.Save(&file); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"cut": file.String()[:file.Len()/2], "empty": "",
			"other format": `{"format":1}`, "no key": `{"format":2}`} {
			if err := b.Load(strings.NewReader(text)); err == nil {
				t.Errorf("%s: loads", name)
			}
		}
		if len(b.Customers()) != 1 {
			t.Error("a failed Load changed the state")
		}
	})
}

func TestVersionRisesWithTheState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		before := b.Version()
		b.Customers()
		b.Send("GET", simharness.StripeHost+"/v1/customers", nil, "")
		if b.Version() != before {
			t.Error("reading raised the version")
		}
		b.Customer("a@example.com")
		if b.Version() == before {
			t.Error("a new customer did not raise the version")
		}
	})
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestSaveReportsAFailedWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if err := newBench(t, 1).Save(brokenWriter{}); err == nil {
			t.Error("a failed write is not reported")
		}
		var file bytes.Buffer
		if err := newBench(t, 1).Save(&file); err != nil || !json.Valid(file.Bytes()) {
			t.Errorf("the state is no JSON: %v", err)
		}
	})
}

func TestManyEventsAreKeptSmallAndWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		b.Start()
		simharness.Populate(t, b.Simulator, 90) // about 1,260 events; the newest 1,000 stay unpacked
		b.Settle()
		before := b.Events()
		if len(before) < 1200 {
			t.Fatalf("%d events are too few for this test", len(before))
		}
		_, oldest := b.Send("GET", simharness.StripeHost+"/v1/events/"+before[3].ID, nil, "")
		if simharness.Hash(oldest, "data", "object")["object"] == nil || oldest["pending_webhooks"] != float64(0) {
			t.Errorf("an old event shows %v", oldest)
		}
		var file bytes.Buffer
		if err := b.Save(&file); err != nil {
			t.Fatal(err)
		}
		if perCustomer := file.Len() / 90; perCustomer > 40<<10 {
			t.Errorf("a customer takes %d bytes of the file", perCustomer)
		}
		second := newBench(t, 2)
		if err := second.Load(bytes.NewReader(file.Bytes())); err != nil {
			t.Fatal(err)
		}
		loaded := second.Events()
		if len(loaded) != len(before) {
			t.Fatalf("%d of %d events were loaded", len(loaded), len(before))
		}
		for i, event := range loaded {
			if !reflect.DeepEqual(event, before[i]) {
				t.Fatalf("event %d after loading is %v, was %v", i, event, before[i])
			}
		}
		if _, list := second.Send("GET", simharness.StripeHost+"/v1/events?limit=100&starting_after="+before[150].ID, nil,
			""); len(list["data"].([]any)) != 100 ||
			simharness.Element(list, 0)["id"] != before[149].ID {
			t.Errorf("the list goes on with %v, want %s", simharness.Element(list, 0)["id"], before[149].ID)
		}
		time.Sleep(31 * simharness.Day)
		if kept := second.Events(); kept[0].Created.Before(second.Now().Add(-30 * simharness.Day)) {
			t.Errorf("an event of %s is kept after 31 days", kept[0].Created)
		}
		var empty bytes.Buffer
		if err := second.Save(&empty); err != nil || strings.Contains(empty.String(), `"heads"`) {
			t.Errorf("packs outlive their events: %v", err)
		}
		broken := bytes.Replace(file.Bytes(), []byte(`"heads":"`), []byte(`"heads":"AAAA`), 1)
		if err := second.Load(bytes.NewReader(broken)); err == nil {
			t.Error("a broken pack loads")
		}
		b.Stop()
	})
}
