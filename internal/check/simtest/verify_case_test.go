package simtest

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// content identifies what the tables of the database hold, without the replicas' heartbeat and their limits.
func (w *world) content() map[string]string {
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "lockstep.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	names := w.rows(db, "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
	found := map[string]string{}
	for _, name := range names {
		if name = strings.TrimSuffix(name, "|"); name == "replicas" || name == "replica_pauses" {
			continue
		}
		lines := w.rows(db, "select * from "+name)
		found[name] = fmt.Sprintf("%d rows %x", len(lines), sha256.Sum256([]byte(strings.Join(lines, "\n"))))
	}
	if len(found) < 10 {
		w.t.Fatalf("only %d tables", len(found))
	}
	if err := db.Close(); err != nil {
		w.t.Fatal(err)
	}
	return found
}

// rows returns the rows of a query as sorted texts.
func (w *world) rows(db *sql.DB, query string) (lines []string) {
	rows, err := db.QueryContext(w.t.Context(), query)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			w.t.Fatal(err)
		}
	}()
	columns, err := rows.Columns()
	if err != nil {
		w.t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			w.t.Fatal(err)
		}
		line := ""
		for _, v := range values {
			line += fmt.Sprintf("%v|", *v.(*any))
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// TestVerifyWritesNothing: in a business in which a run would change almost everything, comparisons send only GETs and
// leave every table as it was.
func TestVerifyWritesNothing(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.company(6)
		w.silent(func() {
			w.editMetadata(users[0], map[string]any{"plan": "gold"})
			w.quantity(users[1], 7)
			w.mustBuy("user/"+users[2], "life")
			if err := w.sim.UpdateUser(users[3], "other@example.com", "Grace", "Hopper"); err != nil {
				t.Fatal(err)
			}
			if err := w.sim.DeleteUser(users[4]); err != nil {
				t.Fatal(err)
			}
			w.stripe("/v1/customers", url.Values{"metadata[clerkUserId]": {users[5]}}, nil)
			w.mustSignUp("unnoticed@example.com")
		})
		time.Sleep(5 * time.Minute) // Stripe's search lags
		before, said := w.content(), len(w.sim.History())
		found := drifted(w.verifyAll(2))
		for _, user := range users {
			if c := w.verify("user/" + user)[0]; c.State != "drift" || found[c.Account].State != "drift" {
				t.Errorf("%s: %+v and of all %+v", user, c, found[c.Account])
			}
		}
		if len(found) != 7 {
			t.Errorf("%d accounts differ, want 7: %+v", len(found), found)
		}
		for _, e := range w.sim.History()[said:] {
			if e.Method != http.MethodGet {
				t.Errorf("a comparison called %s %s", e.Method, e.Path)
			}
		}
		for table, was := range before {
			if now := w.content()[table]; now != was {
				t.Errorf("a comparison changed the table %s from %s to %s", table, was, now)
			}
		}
		renamed := found["user/"+users[3]]
		if !slices.Equal(causesOf(renamed), []string{"missed_event"}) || len(renamed.Differences) != 4 {
			t.Errorf("a changed address and name: %+v", renamed)
		}
		if text := fmt.Sprint(found); strings.Contains(text, "@") || strings.Contains(text, "Grace") {
			t.Errorf("a personal value is shown: %s", text)
		}
		if gone := found["user/"+users[4]]; !slices.Equal(gone.Fix, []string{"sweep/users"}) {
			t.Errorf("a missing identity is fixed by %v, want the list that confirms it", gone.Fix)
		}
	})
}

// TestVerifyExplainsWhatItCannotRepair: what waits is catching up, what a provider refuses stays a failed write, a name
// that someone wrote at Stripe is a note, and while a provider is away, the others are still compared.
func TestVerifyExplainsWhatItCannotRepair(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.company(5)
		of := func(n int) comparison { return w.verify("user/" + users[n])[0] }

		w.silent(func() { w.editMetadata(users[0], map[string]any{"plan": "gold"}) })
		account := lockstep.Account{Kind: lockstep.User, ID: users[0]}
		if err := w.service.store.Mark(t.Context(), lockstep.Mark{Key: account.Key(), Scope: lockstep.ScopeIdentity,
			Delay: 30 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if c := of(0); c.State != "catching_up" || !slices.Equal(causesOf(c), []string{"pending"}) {
			t.Errorf("before the run that is due: %+v", c)
		}

		w.sim.AddFault(simulator.Fault{Side: "clerk", Method: http.MethodPatch, Path: "/v1/users/" + users[1] + "/metadata",
			Status: 422})
		w.quantity(users[1], 3)
		time.Sleep(time.Minute)
		refused := of(1)
		if refused.State != "drift" || !slices.Equal(causesOf(refused), []string{"failed_write"}) ||
			!strings.Contains(refused.Differences[0].Detail, "422") {
			t.Errorf("a refused write: %+v", refused)
		}

		w.stripe("/v1/customers/"+w.subscriptionOf(users[2]).Customer, url.Values{"metadata[lockstepAccount]": {"user/" +
			users[3]}, "metadata[clerkUserId]": {users[3]}}, nil)
		time.Sleep(time.Minute)
		if c := of(2); c.State != "in_sync" || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "names user/"+users[3]) {
			t.Errorf("a customer with another account's name: %+v", c)
		}

		w.sim.AddFault(simulator.Fault{Side: "clerk", Method: http.MethodGet, Path: "/v1/users/" + users[4], Status: 503})
		all := w.verify("user/"+users[4], "user/"+users[3], "user/user_nobody")
		if all[0].State != "not_compared" || !strings.Contains(all[0].Failure, "503") || all[1].State != "in_sync" ||
			all[2].State != "not_compared" || all[2].Failure != "neither Lockstep nor the directory knows it" {
			t.Errorf("while Clerk does not answer: %+v", all)
		}
	})
}

// driftFound returns the counter of repaired drift.
func (w *world) driftFound() (found map[string]int) {
	request, err := http.NewRequest(http.MethodGet, "http://"+serviceHost+"/metrics", http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+apiKey)
	response, err := w.outside.client(20 * time.Second).Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	text := new(strings.Builder)
	if _, err := io.Copy(text, response.Body); err != nil {
		w.t.Fatal(err)
	}
	found = map[string]int{}
	for line := range strings.Lines(text.String()) {
		rest, is := strings.CutPrefix(line, `lockstep_drift_found_total{where="`)
		where, value, _ := strings.Cut(strings.TrimSpace(rest), `"} `)
		if n, err := strconv.Atoi(value); is && err == nil && n > 0 {
			found[where] = n
		}
	}
	return found
}

// TestTheDailyVerifyCountsWhatItRepairs: what events bring is no drift, and neither are the names of a price.
func TestTheDailyVerifyCountsWhatItRepairs(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		const years = 20 * 365 * 24 * time.Hour // nothing but the full verify finds a difference
		w.daily(server.Intervals{Events: years, Directory: years, Accounts: 24 * time.Hour})
		users := w.company(8)
		w.quantity(users[0], 5)
		time.Sleep(25 * time.Hour)
		if got := w.driftFound(); len(got) > 0 {
			t.Errorf("in a healthy business, the full verify counted %v", got)
		}
		w.silent(func() {
			w.editMetadata(users[1], map[string]any{"plan": "gold"})
			w.quantity(users[2], 7) // also the seats in the metadata
			w.stripe("/v1/prices/"+w.prices["basic"], url.Values{"lookup_key": {"moved"}}, nil)
			if err := w.sim.DeleteCustomer(w.subscriptionOf(users[3]).Customer); err != nil {
				t.Fatal(err)
			}
		})
		time.Sleep(25 * time.Hour)
		got := w.driftFound()
		if want := map[string]int{"database": 2, "identity": 3, "link": 1}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the full verify counted %v, want %v", got, want)
		}
		time.Sleep(25 * time.Hour)
		if again := w.driftFound(); fmt.Sprint(again) != fmt.Sprint(got) {
			t.Errorf("the next full verify counted %v after %v", again, got)
		}
		if found := drifted(w.verifyAll(50)); len(found) > 0 {
			t.Errorf("after the full verify: %+v", found)
		}
	})
}
