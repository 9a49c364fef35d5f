package reconcile

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// These tests need neither a store nor a provider: deciding is a function of values.

func TestWhatAnAbsenceMeans(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	const patience = time.Hour
	active := lockstep.Record{Account: alice, State: lockstep.AccountActive}
	with := func(change func(*lockstep.Record)) lockstep.Record {
		r := active
		change(&r)
		return r
	}
	missingFor := func(d time.Duration) lockstep.Record {
		return with(func(r *lockstep.Record) { r.MissingSince = now.Add(-d) })
	}
	for name, c := range map[string]struct {
		record     lockstep.Record
		unknown    bool // to the database
		generation int64
		scope      lockstep.Scope
		want       absence
	}{
		"a 404 alone":            {record: active, scope: lockstep.ScopeIdentity, want: absenceUnconfirmed},
		"an event says it":       {record: active, scope: lockstep.ScopeDeleted, want: absenceDeletes},
		"a list lacks it":        {record: active, scope: lockstep.ScopeMissing, want: absenceDoubtful},
		"lists lacked it before": {record: missingFor(time.Minute), scope: lockstep.ScopeMissing, want: absenceDoubtful},
		"lists lack it for long": {record: missingFor(patience), scope: lockstep.ScopeMissing, want: absenceDeletes},
		"missing, and only a 404": {record: missingFor(patience), scope: lockstep.ScopeIdentity,
			want: absenceUnconfirmed},
		"a tombstone": {record: with(func(r *lockstep.Record) { r.State = lockstep.AccountDeleted }),
			scope: lockstep.ScopeDeleted, want: absenceExpected},
		"a replaced instance's": {record: active, generation: 1, scope: lockstep.ScopeDeleted, want: absenceExpected},
		"a replaced instance's, approved": {
			record:     with(func(r *lockstep.Record) { r.Deletion = lockstep.DeletionApproved }),
			generation: 1, scope: lockstep.ScopeDeleted, want: absenceDeletes},
		"held by the brake": {record: with(func(r *lockstep.Record) { r.Deletion = lockstep.DeletionHeld }),
			scope: lockstep.ScopeDeleted, want: absenceWaits},
		"discarded": {record: with(func(r *lockstep.Record) { r.Deletion = lockstep.DeletionDiscarded }),
			scope: lockstep.ScopeIdentity, want: absenceWaits},
		"unknown here too": {record: active, unknown: true, scope: lockstep.ScopeDeleted, want: absenceStranger},
	} {
		d := newDraft(task{account: alice, generation: c.generation, claim: lockstep.Claim{Scope: c.scope}}, c.record,
			!c.unknown)
		if got := d.judgeAbsence(patience, now); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestWhenAnAccountNeedsACustomer(t *testing.T) {
	t.Parallel()
	org := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	candidates := holding{held: true, candidates: []string{"cus_1"}}
	for name, c := range map[string]struct {
		account    lockstep.Account
		record     lockstep.Record
		unknown    bool
		scope      lockstep.Scope
		holding    holding
		atCheckout bool
		want       need
	}{
		"a user signs up":               {account: alice, unknown: true, want: need{adopt: true, create: true}},
		"a user signs up, at checkout":  {account: alice, unknown: true, atCheckout: true, want: need{adopt: true}},
		"a known user, at checkout":     {account: alice, atCheckout: true, want: need{}},
		"a user buys":                   {account: alice, scope: lockstep.ScopePurchase, atCheckout: true, want: need{adopt: true, create: true}},
		"an organization":               {account: org, unknown: true, want: need{}},
		"an organization buys":          {account: org, scope: lockstep.ScopePurchase, want: need{adopt: true, create: true}},
		"a held user":                   {account: alice, holding: holding{held: true}, want: need{}},
		"a held user with candidates":   {account: alice, holding: candidates, want: need{adopt: true}},
		"a held user buys":              {account: alice, holding: candidates, scope: lockstep.ScopePurchase, want: need{adopt: true, create: true}},
		"a former account may have one": {account: alice, record: lockstep.Record{Candidate: "user_old"}, want: need{}},
		"its customer was deleted":      {account: alice, record: lockstep.Record{CustomerID: "cus_1", CustomerDeleted: true}, want: need{}},
	} {
		d := newDraft(task{account: c.account, claim: lockstep.Claim{Scope: c.scope}}, c.record, !c.unknown)
		if got := d.needs(c.holding, c.atCheckout); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// decide must not change its arguments.
func TestADecisionDoesNotChangeItsArguments(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_100_000, 0)
	r := rules{catalog: lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", Prices: []string{"price_1"}}}},
		keys: lockstep.DefaultProjectionKeys, limitMembers: true}
	was := full
	was.Subscriptions = nil
	was.EntitledBy = ""
	metadata := map[string]any{"theirs": 1.0, "plan": "free"}
	o := observed{sighting: sighting{identity: &lockstep.Identity{Account: alice, Metadata: metadata}}}
	got := r.decide(was, full, o, at)

	if got.record.EntitledBy != "sub_1" || full.EntitledBy != "sub_1" || was.EntitledBy != "" {
		t.Errorf("entitled by %q", got.record.EntitledBy)
	}
	if !got.record.PacedUntil.After(at) || !full.PacedUntil.IsZero() {
		t.Errorf("the write is paced until %s, and the input until %s", got.record.PacedUntil, full.PacedUntil)
	}
	if got.metadata.change["plan"] != "pro" || metadata["plan"] != "free" || len(metadata) != 2 {
		t.Errorf("change %v, metadata %v", got.metadata.change, metadata)
	}
	if len(got.notices) != 1 || got.notices[0].Kind != lockstep.NoticeSubscriptionStarted {
		t.Errorf("notices %+v", got.notices)
	}
}

// A held account without access keeps its metadata, and nobody hears that it has no access.
func TestAHeldAccountIsNotLowered(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_100_000, 0)
	r := rules{keys: lockstep.DefaultProjectionKeys}
	now := lockstep.Record{Account: alice, State: lockstep.AccountActive,
		Projected: map[string]any{"plan": "pro", "subscriptionStatus": "active"}}
	held := r.decide(now, now, observed{holding: holding{held: true}}, at)
	if len(held.metadata.change) > 0 || !held.quiet {
		t.Errorf("held: change %v, quiet %v", held.metadata.change, held.quiet)
	}
	free := r.decide(now, now, observed{}, at)
	if free.metadata.change["plan"] != nil || free.metadata.change["subscriptionStatus"] != "inactive" || free.quiet {
		t.Errorf("not held: change %v, quiet %v", free.metadata.change, free.quiet)
	}
	if absent := r.decide(now, now, observed{sighting: sighting{absent: true}}, at); absent.metadata != nil {
		t.Error("the metadata of an absent account is written")
	}
}
