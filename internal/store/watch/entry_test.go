package watch

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

// passes is a catalog in which time changes much.
var passes = lockstep.Catalog{PastDueGrace: 3 * time.Hour, PlanMetadata: "plan", Plans: []lockstep.Plan{
	{Name: "month", LookupKeys: []string{"month"}, Rank: 1, Features: []string{"read"}, Limits: map[string]int64{"n": 1}},
	{Name: "day", LookupKeys: []string{"day"}, Rank: 2, Features: []string{"export"}, Duration: 24 * time.Hour},
	{Name: "week", LookupKeys: []string{"week"}, Rank: 3, Features: []string{"notes"}, Duration: 7 * 24 * time.Hour},
}}

// random returns a record of what time may change: grace periods, and licenses that expire, in every status.
func random(rng *rand.Rand, now time.Time) lockstep.Record {
	pick := func(names ...string) string { return names[rng.IntN(len(names))] }
	ago := func() time.Time {
		return now.Add(-time.Duration(rng.IntN(10*24)) * time.Hour).Truncate(time.Millisecond).UTC()
	}
	r := lockstep.Record{Account: alice, CustomerID: "cus_1", Entitlements: []string{"sso"}}
	if rng.IntN(6) == 0 {
		r.State = lockstep.AccountDeleted
	}
	for n := range rng.IntN(3) {
		r.Subscriptions = append(r.Subscriptions, lockstep.Subscription{ID: "sub_" + string(rune('a'+n)), CustomerID: "cus_1",
			Status: pick("active", "past_due", "past_due", "canceled"), CreatedAt: ago(), UnpaidSince: now.Add(-time.Duration(
				rng.IntN(300)) * time.Minute).Truncate(time.Millisecond).UTC(),
			Items: []lockstep.Item{{ID: "si_1", LookupKey: "month", Quantity: 1, PeriodStart: ago(), PeriodEnd: now}}})
	}
	for n := range rng.IntN(3) {
		r.Licenses = append(r.Licenses, lockstep.License{ID: "cs_" + string(rune('a'+n)), Account: alice,
			Status: lockstep.LicenseStatus(pick("active", "active", "refunded", "disputed", "pending")), Amount: 100,
			CreatedAt: ago(), PlanNamed: pick("", "", "day", "other"),
			Items: []lockstep.Item{{ID: "li_1", LookupKey: pick("day", "week"), Quantity: 1},
				{ID: "li_2", LookupKey: pick("day", "week", "month"), Quantity: 1}}})
	}
	return r
}

// agrees compares an entry's answers at a moment with fresh ones.
func agrees(t *testing.T, e *Entry, r lockstep.Record, at time.Time) bool {
	t.Helper()
	fresh := passes.Access(r, at)
	if diff := cmp.Diff(fresh, e.Access(passes, at)); diff != "" {
		t.Errorf("at %s, the access in memory differs: %s", at, diff)
		return false
	}
	answer, err := e.Answer(passes, at)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(fresh); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(answer.JSON, text.Bytes()) {
		t.Errorf("at %s, memory answers %s, want %s", at, answer.JSON, text.Bytes())
		return false
	}
	return true
}

// TestAnswersFollowTheClock: whatever the clock does, forward and back, an entry answers what a fresh decision gives,
// also at the very moments at which the answer changes.
func TestAnswersFollowTheClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r := random(rng, start)
		e := &Entry{Record: r}
		for at, n := start, 0; n < 40; n++ {
			if !agrees(t, e, r, at) {
				t.Fatalf("seed %d: %+v", seed, r)
			}
			next := passes.Access(r, at).Recheck
			switch jump := rng.IntN(4); {
			case jump == 0:
				at = start.Add(time.Duration(rng.IntN(14*24*60)-3*24*60) * time.Minute)
			case next.IsZero():
				at = at.Add(time.Duration(rng.IntN(600)) * time.Minute)
			default:
				at = next.Add(time.Duration(jump-2) * time.Nanosecond) // before, at and after it
			}
		}
	}
}

// TestAnswersFollowTheRecord: after each change of this process, and of another within Poll, memory answers what the
// database and the moment give.
func TestAnswersFollowTheRecord(t *testing.T) {
	inBubble(t, func(p *place) {
		rng := rand.New(rand.NewPCG(7, 7))
		store := p.watch.Store(p.ours)
		saveRecord(p.T, store, lockstep.Record{Account: alice})
		for n := range 300 {
			switch r := random(rng, time.Now()); rng.IntN(4) {
			case 0:
				saveRecord(p.T, store, withoutLicenses(r))
			case 1:
				saveRecord(p.T, p.other, withoutLicenses(r))
				time.Sleep(defaultPoll)
			case 2:
				time.Sleep(time.Duration(rng.IntN(300)) * time.Minute)
			}
			e, err := p.watch.Entry(p.Context(), alice)
			if err != nil {
				p.Fatal(err)
			}
			r, err := p.ours.Account(p.Context(), alice)
			if err != nil {
				p.Fatal(err)
			}
			if !agrees(p.T, e, lean(r), time.Now()) {
				p.Fatalf("step %d", n)
			}
			if direct, has := p.watch.InMemory(alice, time.Now()); !has || direct != e {
				p.Fatalf("step %d: memory does not have the entry that was read", n)
			}
		}
	})
}

// withoutLicenses is what a run of an account saves.
func withoutLicenses(r lockstep.Record) lockstep.Record {
	r.Licenses = nil
	return r
}

// TestMemoryThatIsNotCurrentDoesNotAnswer: a direct read never waits, so it must not answer what needs a poll.
func TestMemoryThatIsNotCurrentDoesNotAnswer(t *testing.T) {
	inBubble(t, func(p *place) {
		store := p.watch.Store(p.ours)
		save(p.T, store, alice, 1)
		p.times(alice)
		has := func(account lockstep.Account) bool {
			_, has := p.watch.InMemory(account, time.Now())
			return has
		}
		if !has(alice) || has(bob) {
			p.Error("memory has Alice, whom it read, and not Bob")
		}
		time.Sleep(defaultPoll)
		if has(alice) {
			p.Error("memory that was not polled for Poll answers")
		}
		p.times(alice)
		save(p.T, store, bob, 1)
		if has(alice) {
			p.Error("memory answers after a write of this process that it has not seen")
		}
		if _, err := p.watch.Record(p.Context(), numbered(1)); err == nil || has(numbered(1)) {
			p.Errorf("an account that does not exist: %v", err)
		}
	})
}
