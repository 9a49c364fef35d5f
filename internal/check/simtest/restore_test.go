package simtest

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// backUp copies the database while the service runs.
func (w *world) backUp() (file string) {
	w.t.Helper()
	file = filepath.Join(w.dir, "backup.db")
	_, err := sqlitestore.Backup(w.t.Context(),
		sqlitestore.BackupConfig{From: filepath.Join(w.dir, "lockstep.db"), To: file})
	if err != nil {
		w.t.Fatal(err)
	}
	return file
}

// restore starts the service on a backup, as docs/backup.md says.
func (w *world) restore(file string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "lockstep.db")
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.RemoveAll(name); err != nil {
			w.t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.service = w.boot()
}

// key calls the API of keys.
func (w *world) key(method, path string, in any) (secret string) {
	w.t.Helper()
	var out struct{ Key string }
	if status, err := w.call(context.Background(), method, "http://"+serviceHost+"/v1/keys"+path, apiKey, in, &out); err != nil ||
		status >= 300 {
		w.t.Fatalf("%s %s: %d %v", method, path, status, err)
	}
	return out.Key
}

// opens reports whether an API key is valid.
func (w *world) opens(key string) bool {
	w.t.Helper()
	status, err := w.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/work", key, nil, nil)
	if err != nil || status != http.StatusOK && status != http.StatusUnauthorized {
		w.t.Fatalf("%d %v", status, err)
	}
	return status == http.StatusOK
}

// people are the users of a day, by what they do in it.
type people map[string]string

// beforeTheBackup fills the database.
func (w *world) beforeTheBackup() people {
	p := people{}
	for _, who := range []string{"stays", "licensed", "buys", "leaves", "cancels", "changes", "moves", "linked"} {
		p[who] = w.mustSignUp(who + "@example.com")
	}
	time.Sleep(time.Minute)
	for _, who := range []string{"stays", "leaves", "cancels", "changes", "moves"} {
		w.mustBuy("user/"+p[who], "pro")
	}
	w.mustBuy("user/"+p["licensed"], "life")
	time.Sleep(time.Hour)
	return p
}

// afterTheBackup is the day whose database is lost.
func (w *world) afterTheBackup(p people) {
	for _, who := range []string{"new", "browses"} {
		p[who] = w.mustSignUp(who + "@example.com")
	}
	time.Sleep(time.Minute)
	w.mustBuy("user/"+p["new"], "pro")
	w.mustBuy("user/"+p["buys"], "life")
	w.byLink("basic", "linked@example.com", "client_reference_id="+p["linked"])
	w.endOf(p["cancels"])
	for _, s := range w.sim.CheckoutSessions() {
		if s.Customer == w.ask("user/"+p["licensed"]).CustomerID {
			w.giveBack(s.PaymentIntent, 0)
		}
	}
	if err := w.sim.DeleteUser(p["leaves"]); err != nil {
		w.t.Fatal(err)
	}
	w.gone = append(w.gone, "user/"+p["leaves"])
	if err := w.sim.UpdateUser(p["changes"], "changed@example.com", "Changed", "Name"); err != nil {
		w.t.Fatal(err)
	}
	w.switchTo(p["moves"], "basic")
	time.Sleep(24*time.Hour - 10*time.Minute)
}

// subscriptionFor returns the subscription of a user's primary customer.
func (w *world) subscriptionFor(user string) (id, item string) {
	w.t.Helper()
	customer := w.ask("user/" + user).CustomerID
	for _, s := range w.sim.Subscriptions() {
		if s.Customer == customer {
			return s.ID, s.Items[0].ID
		}
	}
	w.t.Fatalf("%s has no subscription", user)
	return "", ""
}

func (w *world) endOf(user string) {
	id, _ := w.subscriptionFor(user)
	if err := w.sim.CancelSubscription(id, false); err != nil {
		w.t.Fatal(err)
	}
}

// switchTo changes the plan at the dashboard.
func (w *world) switchTo(user, key string) {
	id, item := w.subscriptionFor(user)
	w.dashboard("/v1/subscriptions/"+id, url.Values{"items[0][id]": {item}, "items[0][price]": {w.prices[key]}})
	w.replanned[id] = true
}

// plans returns what the API says of each user who is left.
func (w *world) plans(p people) map[string]string {
	plans := map[string]string{}
	for who, id := range p {
		if who != "leaves" {
			plans[who] = w.ask("user/" + id).Access.Plan
		}
	}
	return plans
}

// mails returns how often each e-mail was sent, by recipient and subject.
func (w *world) mails() map[string]int {
	w.mailServer.mu.Lock()
	defer w.mailServer.mu.Unlock()
	return maps.Clone(w.mailServer.said)
}

// TestYesterdaysDatabaseIsRestored: after the sweeps, and without the daily verify, the database, Clerk, Stripe and the
// app agree. No customer and no license exists twice, and everyone who pays has access.
func TestYesterdaysDatabaseIsRestored(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		p := w.beforeTheBackup()
		revoked := w.key(http.MethodPost, "", map[string]any{"name": "web", "scopes": []string{"read"}})
		file := w.backUp()
		w.key(http.MethodDelete, "/web", nil)
		later := w.key(http.MethodPost, "", map[string]any{"name": "later", "scopes": []string{"read"}})
		w.afterTheBackup(p)
		want, customers, mails := w.plans(p), len(w.sim.Customers()), w.mails()
		if w.opens(revoked) || !w.opens(later) {
			t.Fatal("the keys are not as they should be before the loss")
		}

		w.service.end(t)
		w.restore(file)
		for range 120 {
			time.Sleep(time.Minute)
			for _, who := range []string{"new", "buys", "stays"} { // who pays has access in the session token meanwhile
				if plan := w.public(p[who])["plan"]; plan != want[who] {
					t.Fatalf("Clerk says that %s has %v", who, plan)
				}
			}
		}
		if got := w.plans(p); !maps.Equal(got, want) {
			t.Errorf("after two hours the API has %v, want %v", got, want)
		}
		time.Sleep(48 * time.Hour)
		w.agrees()
		if got := w.plans(p); !maps.Equal(got, want) {
			t.Errorf("the API has %v, want %v", got, want)
		}
		if now := len(w.sim.Customers()); now != customers {
			t.Errorf("%d customers, before the loss %d", now, customers)
		}
		if !w.opens(revoked) || w.opens(later) {
			t.Error("docs/backup.md says that a revoked key is valid again, and that a new one is gone")
		}
		w.mailedAgain(mails)
	})
}

// agrees checks everything but the events that are gone and the e-mails.
func (w *world) agrees() {
	w.t.Helper()
	c := &checker{world: w, answers: map[string]answer{}, owner: map[string]string{}, links: map[string]lockstep.Link{}}
	for _, check := range []func(){c.ask, c.remember, c.checkWork, c.readCustomers, c.checkCustomers, c.checkPrimary,
		c.checkDetails, c.checkMemory, c.checkCharges, c.checkPaid, c.checkListener} {
		check()
	}
	for _, u := range w.sim.Users() {
		c.checkAccount("user/"+u.ID, u.Public)
		c.checkLead("user/" + u.ID)
	}
	for _, account := range w.gone {
		c.checkGone(account)
	}
	for _, problem := range c.problems {
		w.t.Error(problem)
	}
}

// mailedAgain checks which e-mails were sent after the restore, of how many before: docs/backup.md lists them.
func (w *world) mailedAgain(before map[string]int) {
	w.t.Helper()
	got := map[string]int{}
	for mail, times := range w.mails() {
		if times > before[mail] {
			got[mail] = before[mail]
		}
	}
	want := map[string]int{
		// Again, because the restored database does not know that they were sent.
		"buys@example.com: Thank you for buying World Life":           1,
		"cancels@example.com: Your access to World Pro has ended":     1,
		"licensed@example.com: Your refund from World: $300.00":       1,
		"licensed@example.com: Your access to World Life has ended":   1,
		"linked@example.com: Your World Basic subscription is active": 1,
		"new@example.com: Your World Pro subscription is active":      1,
		// For the first time: Stripe's event of the deletion is read before Clerk's list.
		"leaves@example.com: Your access to World Pro has ended": 0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("e-mails after the restore, with their number before: want -, got +\n%s", diff)
	}
}

// TestTheAppHearsWhatChangesAfterARestore: the restored database has lost several sequences that it gave.
func TestTheAppHearsWhatChangesAfterARestore(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Hour)
		file := w.backUp()
		for _, key := range []string{"basic", "pro", "basic", "pro"} {
			w.switchTo(ada, key)
			time.Sleep(time.Hour)
		}
		w.service.end(t)
		w.restore(file)
		time.Sleep(scanEvery)
		w.switchTo(ada, "basic")
		time.Sleep(time.Hour)
		if heard := w.heard("user/" + ada); heard.Access.Plan != "basic" {
			t.Errorf("the app heard %+v", heard)
		}
	})
}

// TestAChangeThatIsTakenBackBeforeTheRestore: the restored database agrees with Stripe, so nothing has changed for
// it; but Clerk and the app know the state in between. The list of users shows who was changed at Clerk since the
// backup. The app needs an endpoint with a new id: docs/backup.md says so.
func TestAChangeThatIsTakenBackBeforeTheRestore(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Hour)
		file := w.backUp()
		w.switchTo(ada, "basic")
		time.Sleep(time.Hour)
		id, item := w.subscriptionFor(ada)
		w.service.end(t)
		w.dashboard("/v1/subscriptions/"+id, url.Values{"items[0][id]": {item}, "items[0][price]": {w.prices["pro"]}})
		w.change = func(c *server.Config) { c.Webhooks[0].ID = "app-restored" }
		w.restore(file)
		time.Sleep(25 * time.Hour)
		if plan := w.public(ada)["plan"]; plan != "pro" {
			t.Errorf("Clerk says %v", plan)
		}
		if heard := w.heard("user/" + ada); heard.Access.Plan != "pro" {
			t.Errorf("the app heard %+v", heard)
		}
	})
}

// TestABuyerOfTheLostDayBuysAgain: Stripe still knows the idempotency keys of that day, so a checkout after the restore
// must not repeat one.
func TestABuyerOfTheLostDayBuysAgain(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		bea := w.mustSignUp("bea@example.com") // has started no checkout before the backup
		w.begin("user/"+ada, "pass")
		time.Sleep(time.Hour)
		file := w.backUp()
		w.begin("user/"+bea, "pro")
		for range 3 {
			w.begin("user/"+ada, "life")
			w.begin("user/"+ada, "pro")
		}
		w.service.end(t)
		w.restore(file)
		time.Sleep(time.Hour)
		for _, user := range []string{ada, bea} {
			w.mustBuy("user/"+user, "basic")
			time.Sleep(time.Minute)
			if a := w.ask("user/" + user); a.Access.Plan != "basic" {
				t.Errorf("%+v", a)
			}
		}
	})
}

// TestNoEmailIsSentAgain: the service starts without a mail server after the restore, until it has caught up.
func TestNoEmailIsSentAgain(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		p := w.beforeTheBackup()
		file := w.backUp()
		w.afterTheBackup(p)
		mails := w.mails()
		w.service.end(t)
		w.change = func(c *server.Config) { c.Email = server.Email{} }
		w.restore(file)
		time.Sleep(2*listEvery + time.Hour)
		w.configured(nil)
		time.Sleep(48 * time.Hour)
		if diff := cmp.Diff(mails, w.mails()); diff != "" {
			t.Error(diff)
		}
	})
}
