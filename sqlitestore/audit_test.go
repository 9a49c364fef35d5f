package sqlitestore_test

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
)

// The database refuses to change, delete or replace an entry of the audit log, whoever tries.
func TestTheAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	store := open(t, path)
	if err := store.AppendAudit(t.Context(), lockstep.AuditEntry{Action: "link",
		Result: lockstep.AuditRequested}); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	for _, statement := range []string{"update audit set reason = 'another'", "delete from audit",
		"insert or replace into audit select * from audit",
		"insert into audit select * from audit where true on conflict do update set reason = 'another'"} {
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	page, err := store.AuditEntries(t.Context(), lockstep.AuditFilter{})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Reason != "" {
		t.Errorf("left is %+v, %v", page.Entries, err)
	}
}
