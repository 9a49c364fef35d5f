package simtest

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// daily turns the full verify on, with the given intervals of the sweeps.
func (w *world) daily(intervals server.Intervals) {
	w.service.end(w.t)
	w.change = func(c *server.Config) { c.Sync.Intervals = intervals }
	w.service = w.boot()
	// The former service has scheduled it for years from now.
	if err := w.service.store.Mark(w.t.Context(), lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeySweep, ID: "accounts"},
		Priority: lockstep.Background}); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(time.Second)
	w.service.end(w.t)
	w.service = w.boot() // which wakes its worker
}

// truth says, from the simulators and the database alone, which accounts differ, and how: "unknown",
// "unlinked", "subscription", "license" or "price". It does not know what the metadata should be.
func (w *world) truth() map[string][]string {
	found := map[string][]string{}
	add := func(account, what string) {
		if !slices.Contains(found[account], what) {
			found[account] = append(found[account], what)
		}
	}
	for _, u := range w.sim.Users() {
		if _, err := w.record("user/" + u.ID); errors.Is(err, lockstep.ErrNotFound) {
			add("user/"+u.ID, "unknown")
		}
	}
	of := map[string]string{} // account by customer
	for _, c := range w.sim.Customers() {
		account := c.Metadata["lockstepAccount"]
		of[c.ID] = account
		if _, err := w.service.store.LinkOf(context.Background(), c.ID); errors.Is(err, lockstep.ErrNotFound) && !c.Deleted {
			add(account, "unlinked")
		}
	}
	w.subscriptionTruth(of, add)
	for _, session := range w.sim.CheckoutSessions() {
		if session.Mode != "payment" || session.Status != "complete" {
			continue
		}
		record, err := w.record(of[session.Customer])
		has := func(l lockstep.License) bool { return l.ID == session.ID }
		if err == nil && !slices.ContainsFunc(record.Licenses, has) {
			add(of[session.Customer], "license")
		}
	}
	return found
}

// subscriptionTruth compares each subscription with the record of its account.
func (w *world) subscriptionTruth(of map[string]string, add func(account, what string)) {
	keys := map[string]string{}
	for _, p := range w.sim.Prices() {
		keys[p.ID] = p.LookupKey
	}
	for _, s := range w.sim.Subscriptions() {
		account := of[s.Customer]
		record, err := w.record(account)
		if err != nil {
			continue
		}
		at := slices.IndexFunc(record.Subscriptions, func(r lockstep.Subscription) bool { return r.ID == s.ID })
		if at < 0 {
			add(account, "subscription")
			continue
		}
		ours, item := record.Subscriptions[at], s.Items[0]
		if ours.Status != s.Status || ours.CancelAtPeriodEnd != s.CancelAtPeriodEnd ||
			ours.Items[0].PriceID != item.Price || ours.Items[0].Quantity != item.Quantity {
			add(account, "subscription")
		} else if ours.Items[0].LookupKey != keys[item.Price] {
			add(account, "price")
		}
	}
}

func (w *world) record(account string) (lockstep.Record, error) {
	a, err := lockstep.ParseAccount(account)
	if err != nil {
		return lockstep.Record{}, err
	}
	return w.service.store.Account(context.Background(), a)
}

// silent has nothing delivered while f runs.
func (w *world) silent(f func()) {
	w.sim.SetDelivery(simulator.DeliveryPolicy{Drop: 1})
	f()
	time.Sleep(time.Second)
	w.sim.SetDelivery(simulator.DeliveryPolicy{})
}

// editMetadata changes a user's public metadata as someone at Clerk's dashboard would.
func (w *world) editMetadata(user string, metadata map[string]any) {
	text, err := json.Marshal(map[string]any{"public_metadata": metadata})
	if err != nil {
		w.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPatch, "http://"+clerkHost+"/v1/users/"+user+"/metadata",
		bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+clerkKey)
	request.Header.Set("Content-Type", "application/json")
	if status, err := w.send(request, nil); err != nil || status != http.StatusOK {
		w.t.Fatalf("edit metadata: %d %v", status, err)
	}
}

// subscriptionOf returns a user's first subscription.
func (w *world) subscriptionOf(user string) simulator.Subscription {
	record, err := w.record("user/" + user)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range w.sim.Subscriptions() {
		if s.Customer == record.CustomerID {
			return s
		}
	}
	w.t.Fatalf("user %s has no subscription", user)
	return simulator.Subscription{}
}

// quantity changes the quantity of a user's subscription, which costs one event.
func (w *world) quantity(user string, n int) {
	s := w.subscriptionOf(user)
	w.dashboard("/v1/subscriptions/"+s.ID, url.Values{"items[0][id]": {s.Items[0].ID},
		"items[0][quantity]": {fmt.Sprint(n)}, "proration_behavior": {"none"}})
}

// changeDatabase stops the service, changes its file, and starts it again. No sweep runs for some hours: another
// process, which died, holds their leases.
func (w *world) changeDatabase(change func(path string)) {
	w.service.end(w.t)
	path := filepath.Join(w.dir, "lockstep.db")
	change(path)
	store, err := sqlitestore.Open(w.t.Context(), path)
	if err != nil {
		w.t.Fatal(err)
	}
	var marks []lockstep.Mark
	for _, id := range []string{"events", "users", "organizations", "accounts", "retention"} {
		marks = append(marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeySweep, ID: id}})
	}
	if err := store.Mark(w.t.Context(), marks...); err != nil {
		w.t.Fatal(err)
	}
	if _, err := store.Claim(w.t.Context(), lockstep.ClaimRequest{Limit: 1000, Lease: 3 * time.Hour,
		MaxPriority: lockstep.Background}); err != nil {
		w.t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.service = w.boot()
	time.Sleep(time.Minute)
}

// execute runs statements on a database file.
func (w *world) execute(path string, statements ...string) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(w.t.Context(), s); err != nil {
			w.t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// putBack stops the service and puts a backup in the place of the database.
func (w *world) putBack(backup string) {
	w.changeDatabase(func(path string) {
		for _, suffix := range []string{"-wal", "-shm", ""} {
			if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				w.t.Fatal(err)
			}
		}
		if err := os.Rename(backup, path); err != nil {
			w.t.Fatal(err)
		}
	})
}

// drifted returns the comparisons in which something differs, by account.
func drifted(all []comparison) map[string]comparison {
	found := map[string]comparison{}
	for _, c := range all {
		if c.State == "in_sync" {
			continue
		}
		if known, twice := found[c.Account]; twice {
			c.Differences = append(c.Differences, known.Differences...)
		}
		found[c.Account] = c
	}
	return found
}

// counts counts the differences by cause.
func counts(found map[string]comparison) string {
	by, n := map[string]int{}, 0
	for _, c := range found {
		for _, d := range c.Differences {
			by[d.Cause]++
			n++
		}
	}
	var parts []string
	for _, cause := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d %s", by[cause], cause))
	}
	return fmt.Sprintf("%d accounts, %d differences: %s", len(found), n, strings.Join(parts, ", "))
}

// causesOf returns the causes of an account's differences, sorted.
func causesOf(c comparison) []string {
	var causes []string
	for _, d := range c.Differences {
		causes = append(causes, d.Cause)
	}
	slices.Sort(causes)
	return slices.Compact(causes)
}
