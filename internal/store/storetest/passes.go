package storetest

import (
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var consolePasses = map[string]func(*world){
	"a pass is stored and read by its hash": func(w *world) {
		until := time.Now().Add(time.Hour).Truncate(time.Millisecond).UTC()
		w.pass("a session", false, until)
		found, err := w.ConsolePass(w.Context(), lockstep.HashConsolePass("a session"))
		w.ok(err)
		equal(w, "name", found.Name, "anna")
		equal(w, "role", found.Role, lockstep.ConsoleViewer)
		equal(w, "until", found.ExpiresAt, until)
		equal(w, "it has a time", time.Since(found.CreatedAt) < time.Minute, true)
		equal(w, "it is a link", found.Once, false)
		w.noPass("another session")
	},
	"a link can be taken once": func(w *world) {
		w.pass("a link", true, time.Now().Add(time.Hour))
		taken, err := w.TakeConsolePass(w.Context(), lockstep.HashConsolePass("a link"))
		w.ok(err)
		equal(w, "it is a link", taken.Once, true)
		if _, err := w.TakeConsolePass(w.Context(), taken.Hash); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("taken again: %v, want ErrNotFound", err)
		}
		w.noPass("a link")
	},
	"an expired pass does not exist, and the next one deletes it": func(w *world) {
		w.pass("old", true, time.Now().Add(-time.Millisecond))
		w.noPass("old")
		w.pass("new", true, time.Now().Add(time.Hour))
		if _, err := w.TakeConsolePass(w.Context(), lockstep.HashConsolePass("old")); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("an expired pass was taken: %v, want ErrNotFound", err)
		}
		w.pass("old", true, time.Now().Add(time.Hour)) // its row is free
	},
	"the pulse grows with what changes": func(w *world) {
		before, err := w.Pulse(w.Context())
		w.ok(err)
		w.ok(w.AppendAudit(w.Context(), lockstep.AuditEntry{Request: "r", Actor: "key/k", Action: "a", Subject: "s",
			Result: lockstep.AuditDone}))
		w.save(lockstep.Record{Account: alice})
		after, err := w.Pulse(w.Context())
		w.ok(err)
		equal(w, "audit log", after.Audited > before.Audited, true)
		equal(w, "records", after.Records > before.Records, true)
		equal(w, "events", after.Events, before.Events)
	},
}

func (w *world) pass(secret string, once bool, until time.Time) {
	w.Helper()
	w.ok(w.CreateConsolePass(w.Context(), lockstep.ConsolePass{Hash: lockstep.HashConsolePass(secret), Once: once,
		Name: "anna", Role: lockstep.ConsoleViewer, ExpiresAt: until}))
}

func (w *world) noPass(secret string) {
	w.Helper()
	if _, err := w.ConsolePass(w.Context(), lockstep.HashConsolePass(secret)); !errors.Is(err, lockstep.ErrNotFound) {
		w.Errorf("%s: %v, want ErrNotFound", secret, err)
	}
}
