package explain_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/explain"
)

// TestExplanationNamesTheCause plants one trouble a case.
func TestExplanationNamesTheCause(t *testing.T) {
	t.Parallel()
	key := ada.Key()
	tests := map[string]struct {
		plant   func(*kit)
		of      string
		code    explain.Code
		summary string // begins with
		command string // of the cause; contains
	}{
		"a healthy payer": {func(k *kit) { k.save(payer(sub("active"))) }, "user_ada", "",
			"Active on pro until " + date(now.AddDate(0, 1,
				0)) + `, because sub_1 is active (price price_1, matched by plan "pro", lookup key "pro_monthly").`, ""},
		"nobody bought": {func(k *kit) { k.save(lockstep.Record{Account: ada, CustomerID: "cus_1"}) },
			"user/user_ada", explain.NoPurchase,
			"No access: nothing was bought with its customer cus_1.", ""},
		"no customer": {func(k *kit) { k.save(lockstep.Record{Account: ada}) }, "user/user_ada", explain.NoCustomer,
			"No access: no customer is linked", "lockstep link cus_… user/user_ada"},
		"a customer without an account": {func(k *kit) {
			unknown := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_9"}
			k.deliver("evt_1", "invoice.paid", unknown, now)
			k.end(unknown, lockstep.Outcome{Disposition: lockstep.Parked, Reason: "nothing names its account",
				WaitsFor: []lockstep.Key{unknown}})
		}, "cus_9", explain.NotLinked, "No account: cus_9 is not linked", "lockstep link cus_9 "},
		"a customer without an account, seen from the account": {func(k *kit) {
			k.save(lockstep.Record{Account: ada})
			unknown := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_9"}
			k.deliver("evt_1", "invoice.paid", unknown, now)
			k.end(unknown, lockstep.Outcome{Disposition: lockstep.Parked, Reason: "unknown",
				WaitsFor: []lockstep.Key{unknown}})
		}, "user_ada", explain.UnlinkedPayments, "No access", "lockstep explain cus_9"},
		"a retry while Stripe is down": {func(k *kit) {
			k.save(payer(sub("active")))
			k.end(key, lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now().Add(5 * time.Minute),
				Reason: "stripe: list subscriptions: status 503"})
		}, "user_ada", explain.Retrying, "Active on pro", "lockstep work retry user/user_ada"},
		"a failed write to Clerk": {func(k *kit) {
			k.save(payer(sub("active")))
			k.end(key, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "clerk: merge metadata: status 422"})
		}, "user_ada", explain.Failed, "Active on pro", "lockstep work retry user/user_ada"},
		"a run that is due": {func(k *kit) {
			k.save(payer(sub("active")))
			k.deliver("evt_1", "invoice.paid", key, now)
		}, "user_ada", explain.Pending, "Active on pro", ""},
		"a refused step": {func(k *kit) {
			r := payer(sub("active"))
			r.SetProblem(lockstep.Problem{Step: lockstep.StepMetadata, Code: "form_param_exceeds",
				Reason: "too large", Since: now})
			k.save(r)
		}, "user_ada", explain.Refused, "Active on pro", "lockstep work retry user/user_ada"},
		"a held deletion": {func(k *kit) {
			k.save(payer(sub("active")))
			claim := k.claim(key)
			for _, other := range []string{"u1", "u2", "u3", "u4", "u5"} { // the brake allows five
				a := lockstep.Account{Kind: lockstep.User, ID: other}
				k.save(lockstep.Record{Account: a, CustomerID: "cus_" + other})
				c := k.claim(a.Key())
				_, _, err := k.BeginDeletion(k.Context(), c, a, lockstep.Brake{})
				k.ok(err)
			}
			state, _, err := k.BeginDeletion(k.Context(), claim, ada, lockstep.Brake{})
			k.ok(err)
			if state != lockstep.DeletionHeld {
				k.Fatalf("the deletion is %s", state)
			}
			k.ok(k.Finish(k.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done}))
		}, "user_ada", explain.DeletionHeld, "Active on pro", "lockstep deletions approve user/user_ada"},
		"a claimed link": {func(k *kit) {
			k.save(lockstep.Record{Account: ada, CustomerID: "cus_1"})
			claimed := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_2"}
			claim := k.claim(claimed)
			k.ok(k.Link(k.Context(), claim, lockstep.Identity{Account: ada}, "cus_2", lockstep.Claimed))
		}, "cus_2", explain.Claimed, "No access", "lockstep link cus_2 user/user_ada"},
		"a grace": {func(k *kit) {
			k.save(payer(sub("past_due", func(s *lockstep.Subscription) { s.UnpaidSince = now.Add(-time.Hour) })))
		}, "user_ada", explain.InGrace, "Active on pro until", ""},
		"a grace that is over": {func(k *kit) {
			k.save(payer(sub("past_due", func(s *lockstep.Subscription) { s.UnpaidSince = now.Add(-73 * time.Hour) })))
		}, "user_ada", explain.GraceOver,
			"No access: sub_1 is past due, and its grace period is over on " + date(now.Add(-time.Hour)), ""},
		"a canceled subscription": {func(k *kit) {
			k.save(payer(sub("canceled", func(s *lockstep.Subscription) { s.EndedAt = now.Add(-time.Hour) })))
		}, "user_ada", explain.Ended,
			"No access: sub_1 ended on " + date(now.Add(-time.Hour)) + " (plan pro). A new subscription", ""},
		"a trial that ended": {func(k *kit) {
			k.save(payer(sub("canceled", func(s *lockstep.Subscription) {
				s.TrialEnd, s.EndedAt = now.Add(-time.Hour), now.Add(-time.Hour)
			})))
		}, "user_ada", explain.TrialEnded, "No access: sub_1 ended with its trial on ", ""},
		"a refunded license": {func(k *kit) {
			k.save(lockstep.Record{Account: ada, CustomerID: "cus_1"})
			k.ok(k.SaveLicense(k.Context(), k.claim(key), license(lockstep.LicenseRefunded, "pass", time.Hour), nil))
		}, "pi_1", explain.Refunded, "No access: cs_1 was refunded", ""},
		"an expired license": {func(k *kit) {
			k.save(lockstep.Record{Account: ada, CustomerID: "cus_1"})
			k.ok(k.SaveLicense(k.Context(), k.claim(key), license(lockstep.LicenseActive, "pass", 48*time.Hour), nil))
		}, "cs_1", explain.Expired, "No access: cs_1 expired on " + date(now.Add(-24*time.Hour)), ""},
		"seats": {func(k *kit) {
			r := payer(sub("active"))
			r.Account, r.Members = acme, 3
			k.save(r)
		}, "org_acme", explain.SeatsFull, "Active on pro", ""},
		"another instance": {func(k *kit) {
			k.save(payer(sub("active")))
			for _, id := range []string{"ins_1", "ins_2"} {
				_, err := k.MeetInstance(k.Context(), lockstep.Clerk, id, "digest "+id)
				k.ok(err)
			}
		}, "user_ada", explain.OtherInstance, "Active on pro", "lockstep instance accept ins_2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			test.plant(k)
			x := k.explain(test.of)
			if !strings.HasPrefix(x.Summary, test.summary) {
				t.Errorf("the summary is %q, want %q", x.Summary, test.summary)
			}
			if test.code == "" {
				if len(x.Causes) > 0 {
					t.Errorf("the causes are %+v, want none", x.Causes)
				}
				return
			}
			at := slices.Index(codes(x), test.code)
			if at < 0 {
				t.Fatalf("the causes are %+v, want %s", x.Causes, test.code)
			}
			if !strings.Contains(x.Causes[at].Command, test.command) || test.command == "" && x.Causes[at].Command != "" {
				t.Errorf("the command is %q, want %q", x.Causes[at].Command, test.command)
			}
			for i, c := range x.Causes {
				if i > 0 && c.Fault && !x.Causes[i-1].Fault {
					t.Errorf("the fault %s stands behind %s", c.Code, x.Causes[i-1].Code)
				}
			}
		})
	}
}

func date(at time.Time) string { return at.Format("January 2, 2006") }

// TestTimelineTellsEventRunAndClerk: a run carries its events, says what it wrote, and how long after them.
func TestTimelineTellsEventRunAndClerk(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.save(payer(sub("active")))
	k.deliver("evt_1", "checkout.session.completed", ada.Key(), now.Add(-10*time.Second))
	k.deliver("evt_2", "invoice.paid", ada.Key(), now.Add(-9*time.Second))
	until := now.AddDate(0, 1, 0)
	k.end(ada.Key(), lockstep.Outcome{Disposition: lockstep.Done,
		Run: &lockstep.RunReport{Began: now.Add(-8 * time.Second),
			Took: time.Second, RunFacts: lockstep.RunFacts{
				Before: &lockstep.RunAccess{Status: "none"},
				After:  &lockstep.RunAccess{Active: true, Status: "active", Plans: []string{"pro"}, Until: &until},
				Wrote: []lockstep.RunEffect{{To: "database", What: "account", Times: 1},
					{To: "clerk", What: "PATCH /v1/users/{}/metadata", Times: 1}}}}})
	k.deliver("evt_3", "invoice.paid", ada.Key(), now)
	x := k.explain("user_ada")
	if !strings.HasSuffix(x.Summary, " Clerk was updated 3 s after the payment.") {
		t.Errorf("the summary is %q", x.Summary)
	}
	var got []string
	for _, e := range x.Timeline {
		got = append(got, e.Kind+" "+e.State+": "+e.Text)
	}
	want := []string{"events pending: invoice.paid: stored, waits for a run",
		"run done: checkout.session.completed and 1 more: access none → pro, wrote to the database and Clerk (1 s, done 3 s after the first event)"}
	if !slices.Equal(got, want) {
		t.Errorf("the timeline is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(x.Next) != 2 || x.Next[0].Kind != "run" || x.Next[1].Kind != "renewal" {
		t.Errorf("next is %+v", x.Next)
	}
}

// TestReadsDoNotGrow: an account with many events costs as many reads as one with few, and no more rows than a page.
func TestReadsDoNotGrow(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.save(payer(sub("active")))
	k.save(lockstep.Record{Account: acme})
	const events = 100_000
	for at := 0; at < events; at += 5000 {
		var some []lockstep.Delivery
		for n := range 5000 {
			some = append(some, lockstep.Delivery{Event: lockstep.Event{Source: lockstep.Stripe,
				ID:   fmt.Sprintf("evt_%d", at+n),
				Type: "invoice.paid", Origin: lockstep.Delivered, OccurredAt: now, ReceivedAt: now, Key: ada.Key()},
				Mark: &lockstep.Mark{Key: ada.Key()}})
		}
		_, err := k.Receive(t.Context(), some)
		k.ok(err)
	}
	var reads, rows [2]atomic.Int64
	for i, account := range []lockstep.Account{ada, acme} {
		e := explain.Explainer{Store: counted{k.Store, &reads[i], &rows[i]}, Catalog: catalog}
		if _, err := e.Account(t.Context(), account, time.UTC); err != nil {
			t.Fatal(err)
		}
	}
	// Without access, one more read lists parked events.
	if many, few := reads[0].Load(), reads[1].Load(); many > 8 || few != many+1 {
		t.Errorf("%d reads with many events, %d without any and without access", many, few)
	}
	if n := rows[0].Load(); n > 200 {
		t.Errorf("%d rows were read", n)
	}
}

// TestUnknownSubjects: an error says what was looked for.
func TestUnknownSubjects(t *testing.T) {
	t.Parallel()
	k := start(t)
	for text, want := range map[string]string{
		"ada":             "user/ada and organization/ada",
		"user/ada":        "does not know user/ada;",
		"user_nobody":     "does not know user/user_nobody;",
		"cus_9":           "cus_9 is not linked to an account, and Lockstep has no event",
		"pi_9":            "pi_9 is not linked",
		"sub_1":           "use its customer (cus_…)",
		"ada@example.com": "e-mail addresses cannot be looked up",
		"team/ada":        `account kind "team"`,
		"a b":             `account id "a b"`,
	} {
		_, err := k.explainer().Of(t.Context(), text, time.UTC)
		if err == nil || !strings.HasPrefix(err.Error(), "ACCOUNT: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		var unknown *explain.NotFoundError
		var wrong *explain.AskError
		if !errors.As(err, &unknown) && !errors.As(err, &wrong) {
			t.Errorf("%s: the error is a %T", text, err)
		}
	}
	k.save(lockstep.Record{Account: lockstep.Account{Kind: lockstep.User, ID: "ada"}})
	k.save(lockstep.Record{Account: lockstep.Account{Kind: lockstep.Organization, ID: "ada"}})
	if _, err := k.explainer().Of(t.Context(), "ada", time.UTC); err == nil || !strings.Contains(err.Error(),
		"write the kind too") {
		t.Errorf("an ambiguous id: %v", err)
	}
}

// TestOperationsAreFolded: the two entries of a request make one line.
func TestOperationsAreFolded(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.save(payer(sub("active")))
	entry := lockstep.AuditEntry{Request: "r1", Actor: "key/desk", Action: "link", Subject: "customer/cus_1",
		Account: ada,
		Result:  lockstep.AuditRequested, Reason: "ticket 42"}
	done := entry
	done.Result = lockstep.AuditDone
	k.ok(k.AppendAudit(t.Context(), entry, done))
	x := k.explain("user_ada")
	if len(x.Operated) != 1 || x.Operated[0].Text != "link customer/cus_1: done, because: ticket 42" {
		t.Errorf("operated: %+v", x.Operated)
	}
}
