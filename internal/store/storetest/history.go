package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-dev/lockstep"
)

// history returns the records of a key, newest first.
func (w *world) history(key lockstep.Key) []lockstep.Run {
	w.Helper()
	return w.runs(lockstep.RunFilter{Key: key})
}

// runs returns all records that a filter selects, page by page.
func (w *world) runs(filter lockstep.RunFilter) (all []lockstep.Run) {
	w.Helper()
	for {
		page, err := w.Runs(w.Context(), filter)
		w.ok(err)
		all = append(all, page.Runs...)
		if filter.Before = page.Next; page.Next == "" {
			return all
		}
	}
}

// ranAt is when the runs of these tests began.
var ranAt = time.UnixMilli(time.Now().Add(-time.Hour).UnixMilli()).UTC()

// run runs a key once and finishes it as done, with a report.
func (w *world) run(key lockstep.Key, at time.Time, facts lockstep.RunFacts) {
	w.Helper()
	w.mark(key, lockstep.ScopeAll, lockstep.Background)
	w.finish(w.among(key), reported(lockstep.Outcome{Disposition: lockstep.Done}, at, facts))
}

func reported(o lockstep.Outcome, at time.Time, facts lockstep.RunFacts) lockstep.Outcome {
	o.Run = &lockstep.RunReport{Began: at, Took: 70 * time.Millisecond, Calls: map[string]int{"stripe": 3, "clerk": 1},
		RunFacts: facts}
	return o
}

var (
	none    = lockstep.RunAccess{Status: "none"}
	pro     = lockstep.RunAccess{Active: true, Status: "active", Plans: []string{"pro"}, Until: &ranAt}
	granted = lockstep.RunFacts{Observed: []lockstep.Observation{{ID: "sub_1", Version: "active"}}, Before: &none,
		After: &pro, Wrote: []lockstep.RunEffect{{To: "database", What: "account", Times: 1}}}
	same = lockstep.RunFacts{Observed: granted.Observed, After: &pro}
)

// numbers returns the numbers of records, and how many runs each stands for.
func numbersOf(runs []lockstep.Run) (all []string) {
	for _, r := range runs {
		all = append(all, fmt.Sprintf("%d x %d", r.Number, r.Runs))
	}
	return all
}

var history = map[string]func(*world){
	"a record says why a run ran, what it did and how it ended": func(w *world) {
		w.deliver("evt_1", cus1)
		w.deliver("evt_2", cus1)
		w.finish(w.claim(cus1), reported(lockstep.Outcome{Disposition: lockstep.Done}, ranAt, granted))
		want := lockstep.Run{Key: cus1, Number: 1, Runs: 1, Last: ranAt, Attempt: 1, Scope: lockstep.ScopeSubscriptions,
			Priority: lockstep.Normal, Disposition: lockstep.Done, EventCount: 2,
			Events: []lockstep.EventName{{Source: lockstep.Stripe, ID: "evt_1"}, {Source: lockstep.Stripe, ID: "evt_2"}},
			RunReport: lockstep.RunReport{Began: ranAt, Took: 70 * time.Millisecond,
				Calls: map[string]int{"stripe": 3, "clerk": 1}, RunFacts: granted}}
		if diff := cmp.Diff([]lockstep.Run{want}, w.history(cus1), cmpopts.EquateEmpty()); diff != "" {
			w.Error(diff)
		}
	},
	"each end leaves a record, and a run that reports nothing leaves none": func(w *world) {
		ends := []lockstep.Outcome{{Disposition: lockstep.Done}, {Disposition: lockstep.Failed, Reason: "refused"},
			{Disposition: lockstep.Parked, Reason: "nobody"}, {Disposition: lockstep.Retry, Reason: "down"}}
		for _, o := range ends {
			w.deliver("evt_"+string(o.Disposition), cus1)
			w.finish(w.claim(cus1), reported(o, ranAt, granted))
		}
		w.done(w.claim(cus1)) // the retry
		var got []string
		for _, r := range w.history(cus1) {
			got = append(got, fmt.Sprint(r.Disposition, " ", r.Reason, " ", r.EventCount))
		}
		equal(w, "records", got, []string{"retry down 3", "parked nobody 2", "failed refused 1", "done  1"})
	},
	"the record of a run with many events names some and counts all": func(w *world) {
		const events = 25
		w.receive(events, "evt_", cus1)
		w.finish(w.claim(cus1), reported(lockstep.Outcome{Disposition: lockstep.Done}, ranAt, granted))
		runs := w.history(cus1)
		if len(runs) != 1 || runs[0].EventCount != events || len(runs[0].Events) > 20 || len(runs[0].Events) == 0 {
			w.Errorf("got %+v", runs)
		}
	},
	"a finish whose answer was lost leaves one record": func(w *world) {
		w.mark(cus1, 0, lockstep.Normal)
		claim := w.claim(cus1)
		end := reported(lockstep.Outcome{Disposition: lockstep.Done}, ranAt, same)
		w.finish(claim, end)
		w.leaseLost(w.Finish(w.Context(), claim, end))
		equal(w, "records", numbersOf(w.history(cus1)), []string{"1 x 1"})
	},
	"runs that find nothing new share a record for at most 30 days": func(w *world) {
		const days = 65
		key, runs := alice.Key(), int64(0)
		w.run(key, ranAt, granted)
		for n := range days {
			w.run(key, ranAt.Add(time.Duration(n)*day), same)
		}
		records := w.history(key)
		if len(records) < 4 || len(records) > 5 {
			w.Errorf("%d days without news left the records %v", days, numbersOf(records))
		}
		for _, r := range records[:len(records)-1] {
			if r.Last.Sub(r.Began) != time.Duration(r.Runs-1)*day || r.Runs > 30 {
				w.Errorf("a record of %d runs lasts from %s to %s", r.Runs, r.Began, r.Last)
			}
			runs += r.Runs
		}
		equal(w, "runs", runs, int64(days))
		equal(w, "the change", records[len(records)-1].Runs, int64(1))
	},
	"a run that finds something else or settles an event leaves a record of its own": func(w *world) {
		key, other := alice.Key(), same
		other.Observed = []lockstep.Observation{{ID: "sub_1", Version: "past_due"}}
		w.run(key, ranAt, same)
		w.run(key, ranAt, other)
		w.run(key, ranAt, other)
		w.deliver("evt_1", key)
		w.finish(w.claim(key), reported(lockstep.Outcome{Disposition: lockstep.Done}, ranAt, other))
		w.run(key, ranAt, other)
		w.run(key, ranAt, granted)
		w.run(key, ranAt, granted)
		equal(w, "another version, an event, the same without it, and changes", numbersOf(w.history(key)),
			[]string{"5 x 1", "4 x 1", "3 x 2", "2 x 2", "1 x 1"})
	},
	"retries for the same reason share a record, and end with another": func(w *world) {
		w.deliver("evt_1", cus1)
		for _, reason := range []string{"down", "down", "down", "slow", "slow"} {
			w.finish(w.claim(cus1), reported(lockstep.Outcome{Disposition: lockstep.Retry, Reason: reason}, ranAt,
				lockstep.RunFacts{}))
		}
		w.finish(w.claim(cus1), reported(lockstep.Outcome{Disposition: lockstep.Done}, ranAt, lockstep.RunFacts{}))
		runs := w.history(cus1)
		equal(w, "records", numbersOf(runs), []string{"3 x 1", "2 x 2", "1 x 3"})
		equal(w, "attempts", []int{runs[0].Attempt, runs[1].Attempt, runs[2].Attempt}, []int{6, 4, 1})
	},
	"a parked key shares a record until an event arrives": func(w *world) {
		parked := reported(lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody"}, ranAt, same)
		for _, event := range []string{"evt_1", "", "", "evt_2", ""} {
			if w.mark(cus1, 0, lockstep.Normal); event != "" {
				w.deliver(event, cus1)
			}
			w.finish(w.claim(cus1), parked)
		}
		runs := w.history(cus1)
		equal(w, "records", numbersOf(runs), []string{"2 x 2", "1 x 3"})
	},
	"a key keeps its 200 newest records": func(w *world) {
		for range lockstep.MostRuns + 3 {
			w.run(cus1, ranAt, granted)
		}
		w.run(cus2, ranAt, granted)
		runs := w.history(cus1)
		equal(w, "records", len(runs), lockstep.MostRuns)
		equal(w, "the oldest", runs[len(runs)-1].Number, int64(4))
		equal(w, "of another key", len(w.history(cus2)), 1)
	},
	"the records of an account include those of its customers": func(w *world) {
		w.run(cus1, ranAt, granted)
		w.run(cus2, ranAt, granted)
		w.run(customerKey("cus_3"), ranAt, granted)
		w.save(lockstep.Record{Account: alice, CustomerID: cus1.ID})
		w.save(lockstep.Record{Account: alice, CustomerID: cus1.ID, CustomerDeleted: true})
		w.save(lockstep.Record{Account: alice, CustomerID: cus2.ID})
		w.run(alice.Key(), ranAt, granted)
		for _, limit := range []int{0, 1, 2} {
			var keys []string
			for _, r := range w.runs(lockstep.RunFilter{Account: alice, Limit: limit}) {
				keys = append(keys, r.Key.String())
			}
			equal(w, fmt.Sprintf("keys in pages of %d", limit), keys, []string{alice.Key().String(), cus2.String(), cus1.String()})
		}
		equal(w, "of an unknown account", w.runs(lockstep.RunFilter{Account: bob}), nil)
	},
	"when a customer is linked, the run under its key leaves its record there": func(w *world) {
		w.deliver("evt_1", cus1)
		claim := w.claim(cus1)
		w.ok(w.Link(w.Context(), claim, lockstep.Identity{Account: alice}, cus1.ID, lockstep.Proven))
		w.finish(claim, reported(lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nobody"}, ranAt, same))
		runs := w.history(cus1)
		if len(runs) != 1 || runs[0].Disposition != lockstep.Done || runs[0].Reason != "" {
			w.Errorf("got %+v", runs)
		}
	},
	"old records are removed page by page, and young ones stay": func(w *world) {
		for i := range 12 {
			w.run(customerKey(fmt.Sprintf("cus_%d", i)), ranAt.Add(time.Duration(i)*day-100*day), same)
		}
		claim := w.hold(retentionKey)
		removed := int64(0)
		for after := ""; ; {
			next, n, err := w.ExpireRuns(w.Context(), claim, 95*day+2*time.Hour, after)
			w.ok(err)
			removed += n
			if after = next; next == "" {
				break
			}
		}
		equal(w, "removed", removed, 5)
		equal(w, "too old", len(w.history(customerKey("cus_4"))), 0)
		equal(w, "young enough", len(w.history(customerKey("cus_5"))), 1)
	},
	"a run that lost its lease removes no record": func(w *world) {
		w.run(cus1, ranAt.Add(-100*day), same)
		w.mark(retentionKey, 0, lockstep.Normal)
		late := w.take(0)[0]
		w.take(time.Minute)
		_, _, err := w.ExpireRuns(w.Context(), late, day, "")
		w.leaseLost(err)
		equal(w, "records", len(w.history(cus1)), 1)
	},
	"an invalid cursor of records is refused": func(w *world) {
		_, err := w.Runs(w.Context(), lockstep.RunFilter{Key: cus1, Before: "yesterday"})
		_, _, expire := w.ExpireRuns(w.Context(), w.hold(retentionKey), day, "yesterday")
		if !errors.Is(err, lockstep.ErrInvalid) || !errors.Is(expire, lockstep.ErrInvalid) {
			w.Errorf("got %v and %v, want ErrInvalid", err, expire)
		}
	},
	"forgetting a deleted account removes its records, and those of its customers and payments": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: cus1.ID})
		claim := w.hold(checkoutKey("cs_1"))
		w.ok(w.SaveLicense(w.Context(), claim, lockstep.License{ID: "cs_1", Account: alice, PaymentID: "pi_1",
			Status: lockstep.LicenseActive}, nil))
		w.done(claim)
		w.done(w.claim(alice.Key()))
		payment := lockstep.Key{Kind: lockstep.KeyPayment, ID: "pi_1"}
		for _, key := range []lockstep.Key{alice.Key(), checkoutKey("cs_1"), payment, bob.Key()} {
			for range some {
				w.run(key, ranAt, granted)
			}
		}
		w.save(lockstep.Record{Account: alice, CustomerID: cus1.ID, State: lockstep.AccountDeleted})
		_, err := w.Forget(w.Context(), alice)
		w.ok(err)
		for _, key := range []lockstep.Key{alice.Key(), cus1, checkoutKey("cs_1"), payment} {
			equal(w, "records of "+key.String(), len(w.history(key)), 0)
		}
		equal(w, "of another account", len(w.history(bob.Key())), some)
	},
}
