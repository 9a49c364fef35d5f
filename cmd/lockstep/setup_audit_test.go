package main

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/setup"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// A setup that fails halfway has changed something, and the audit log says what.
func TestAHalfDoneSetupIsRecorded(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	failure := errors.New("Stripe answers 500")
	r := &setupReport{Findings: []setup.Finding{{Subject: "endpoint/we_1"}, {Subject: "portal"}}}
	err = (&setupCommand{}).recorded(t.Context(), &surroundings{log: slog.New(slog.DiscardHandler)},
		&setupTarget{database: "sqlite:" + path}, r, func() error {
			r.Findings = []setup.Finding{{Subject: "endpoint/we_1", Problem: "it was replaced by we_2", Fix: "deleted it", Fixed: true},
				{Subject: "portal"}}
			return failure
		})
	if !errors.Is(err, failure) || r.Recorded != "recorded" {
		t.Errorf("%v, %s", err, r.Recorded)
	}
	page, err := store.AuditEntries(t.Context(), lockstep.AuditFilter{})
	if err != nil || len(page.Entries) != 2 {
		t.Fatalf("%+v, %v", page.Entries, err)
	}
	if after := page.Entries[0].After; !strings.Contains(after, "we_1") || !strings.Contains(after, `"failed":true`) {
		t.Errorf("the result is %+v", page.Entries[0])
	}
}
