package pgstore_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep"
)

// The database refuses to change or delete an entry of the audit log, even for the owner of the table.
func TestTheAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	url := fresh(t)
	store := open(t, url)
	if err := store.AppendAudit(t.Context(), lockstep.AuditEntry{Action: "link",
		Result: lockstep.AuditRequested}); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	for _, statement := range []string{"update audit set reason = 'another'", "delete from audit", "truncate audit",
		"insert into audit overriding system value select * from audit on conflict (seq) do update set reason = 'another'"} {
		if _, err := conn.Exec(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	page, err := store.AuditEntries(t.Context(), lockstep.AuditFilter{})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Reason != "" {
		t.Errorf("left is %+v, %v", page.Entries, err)
	}
}
