package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

var (
	ada = lockstep.Account{Kind: lockstep.User, ID: "ada"}
	bob = lockstep.Account{Kind: lockstep.User, ID: "bob"}
)

// kit is a recorder over a real database.
type kit struct {
	*testing.T
	store    lockstep.Store
	recorder *audit.Recorder
}

func start(t *testing.T) *kit {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &kit{t, store, &audit.Recorder{Store: store, Log: slog.New(slog.DiscardHandler)}}
}

// log returns the entries, the oldest first.
func (k *kit) log() (entries []lockstep.AuditEntry) {
	k.Helper()
	page, err := k.store.AuditEntries(k.Context(), lockstep.AuditFilter{})
	if err != nil {
		k.Fatal(err)
	}
	for i := range page.Entries {
		entries = append(entries, page.Entries[len(page.Entries)-1-i])
	}
	return entries
}

func (k *kit) is(want ...lockstep.AuditEntry) {
	k.Helper()
	ignored := cmpopts.IgnoreFields(lockstep.AuditEntry{}, "Number", "Request", "At")
	if diff := cmp.Diff(want, k.log(), ignored); diff != "" {
		k.Error(diff)
	}
	for _, e := range k.log() {
		if e.Request == "" || e.Request != k.log()[0].Request {
			k.Errorf("entries of one request do not belong together: %+v", k.log())
		}
	}
}

func action(subjects ...audit.Subject) audit.Action {
	return audit.Action{Actor: "key/web", Name: "approve-deletions", Reason: "why", Subjects: subjects}
}

func entry(a lockstep.Account, result lockstep.AuditResult) lockstep.AuditEntry {
	return lockstep.AuditEntry{Actor: "key/web", Action: "approve-deletions", Reason: "why", Subject: a.String(), Account: a,
		Result: result}
}

func TestTheRequestIsOnDiskBeforeTheAction(t *testing.T) {
	t.Parallel()
	k := start(t)
	ctx, leave := context.WithCancel(t.Context())
	err := k.recorder.Do(ctx, action(audit.Account(ada)), func(trail *audit.Trail) error {
		k.is(entry(ada, lockstep.AuditRequested))
		trail.Done(audit.Account(ada), audit.Facts{"deletion": "held"}, audit.Facts{"deletion": "approved"})
		leave() // the caller leaves before the answer
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	done := entry(ada, lockstep.AuditDone)
	done.Before, done.After = `{"deletion":"held"}`, `{"deletion":"approved"}`
	k.is(entry(ada, lockstep.AuditRequested), done)
}

func TestAnActionThatCannotBeRecordedDoesNotStart(t *testing.T) {
	t.Parallel()
	k := start(t)
	if err := k.store.Close(); err != nil {
		t.Fatal(err)
	}
	err := k.recorder.Do(t.Context(), action(audit.Account(ada)), func(*audit.Trail) error {
		t.Error("it started")
		return nil
	})
	if err == nil {
		t.Error("no error")
	}
}

// An action on several accounts may change some of them before it fails.
func TestEachSubjectHasItsResult(t *testing.T) {
	t.Parallel()
	k := start(t)
	refused := huma.Error409Conflict("the account of ada@example.com is busy")
	err := k.recorder.Do(t.Context(), action(audit.Account(ada), audit.Account(bob)), func(trail *audit.Trail) error {
		trail.Done(audit.Account(bob), nil, nil)
		return refused
	})
	if !errors.Is(err, refused) {
		t.Error(err)
	}
	failed := entry(ada, lockstep.AuditFailed)
	failed.Failure = "409 Conflict" // and not the text
	k.is(entry(ada, lockstep.AuditRequested), entry(bob, lockstep.AuditRequested), failed, entry(bob, lockstep.AuditDone))
}

func TestAnActionWithoutFactsIsDone(t *testing.T) {
	t.Parallel()
	k := start(t)
	if err := k.recorder.Do(t.Context(), action(audit.Account(ada)), func(*audit.Trail) error { return nil }); err != nil {
		t.Fatal(err)
	}
	k.is(entry(ada, lockstep.AuditRequested), entry(ada, lockstep.AuditDone))
}

// What someone typed by mistake must not stay in a log that cannot be erased.
func TestSubjectsHideWhatIsNoID(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"cus_1": "object/cus_1", "license.granted:cs_1": "object/license.granted:cs_1",
		"ada@example.com": "object/(malformed)", "": "object/(malformed)", "a b": "object/(malformed)",
		lockstep.NewAPIKey().Reveal(): "object/(malformed)"} {
		if got := audit.Object("object", name).Name; got != want {
			t.Errorf("%q is %q", name, got)
		}
	}
}
