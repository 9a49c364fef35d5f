package storetest

import (
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var audit = map[string]func(*world){
	"an entry is kept in full": func(w *world) {
		want := lockstep.AuditEntry{Request: "r", Actor: "key/environment", Action: "link", Subject: "customer/cus_1",
			Account: alice, Result: lockstep.AuditDone, Failure: "409", Reason: "she asked", Before: `{"a":1}`,
			After: `{"a":2}`}
		w.ok(w.AppendAudit(w.Context(), want))
		got := w.audited(lockstep.AuditFilter{}).Entries
		equal(w, "entries", len(got), 1)
		equal(w, "it has a time", time.Since(got[0].At) < time.Minute, true)
		want.Number, want.At = got[0].Number, got[0].At
		equal(w, "entry", got[0], want)
	},
	"pages are in order, the newest first": func(w *world) {
		w.ok(w.AppendAudit(w.Context(), numbered(some, entry)...))
		seen := []string{}
		for filter := (lockstep.AuditFilter{Limit: 3}); ; {
			page := w.audited(filter)
			for _, e := range page.Entries {
				seen = append(seen, e.Subject)
			}
			if filter.Before = page.Next; page.Next == "" {
				break
			}
		}
		equal(w, "how many", len(seen), some)
		for i, subject := range seen {
			equal(w, "subject", subject, numbered(some, entry)[some-1-i].Subject)
		}
		_, err := w.AuditEntries(w.Context(), lockstep.AuditFilter{Before: "x"})
		if !errors.Is(err, lockstep.ErrInvalid) {
			w.Errorf("a cursor of nobody: %v, want ErrInvalid", err)
		}
	},
	"entries of an account, and of a time": func(w *world) {
		of := entry("of alice")
		of.Account = alice
		w.ok(w.AppendAudit(w.Context(), entry("before"), of))
		time.Sleep(5 * time.Millisecond)
		w.ok(w.AppendAudit(w.Context(), entry("after"), of))
		all := w.audited(lockstep.AuditFilter{}).Entries
		equal(w, "all", len(all), 4)
		equal(w, "of alice", len(w.audited(lockstep.AuditFilter{Account: alice}).Entries), 2)
		equal(w, "of alice, a page", w.audited(lockstep.AuditFilter{Account: alice, Limit: 1}).Next != "", true)
		equal(w, "of bob", len(w.audited(lockstep.AuditFilter{Account: bob}).Entries), 0)
		equal(w, "since the second time", len(w.audited(lockstep.AuditFilter{Since: all[0].At}).Entries), 2)
		equal(w, "of alice since the second time",
			len(w.audited(lockstep.AuditFilter{Account: alice, Since: all[0].At}).Entries), 1)
	},
}

func entry(subject string) lockstep.AuditEntry {
	return lockstep.AuditEntry{Request: "r", Actor: "key/k", Action: "link", Subject: subject,
		Result: lockstep.AuditRequested}
}

func (w *world) audited(filter lockstep.AuditFilter) lockstep.AuditPage {
	w.Helper()
	page, err := w.AuditEntries(w.Context(), filter)
	w.ok(err)
	return page
}
