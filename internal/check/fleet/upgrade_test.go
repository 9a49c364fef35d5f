package fleet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// next is a migration as later versions may have: one more column in every hot table, a table and an index.
const next = `-- +goose Up
set local lock_timeout = '2s';
alter table events add column note text not null default '';
alter table work add column note text;
alter table accounts add column note text not null default '';
alter table subscriptions add column note bigint not null default 0;
alter table licenses add column note text;
alter table notices add column note text;
create table notes (id bigint primary key, note text not null);
create index accounts_by_note on accounts (note) where note <> '';
`

// successor builds the next version of the program: this one with one more migration.
func successor(t *testing.T) (program string) {
	t.Helper()
	dir := t.TempDir()
	migration, program := filepath.Join(dir, "next.sql"), filepath.Join(dir, "lockstep")
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "pgstore", "migrations",
		"00999_next.sql"): migration}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{migration: []byte(next), filepath.Join(dir, "overlay.json"): overlay} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := build(program, "-overlay="+filepath.Join(dir, "overlay.json")); err != nil {
		t.Fatal(err)
	}
	return program
}

// TestTheNextVersionIsRolledOut upgrades under load. The first new process migrates the schema while the old ones
// run. They continue, and can start again.
func TestTheNextVersionIsRolledOut(t *testing.T) {
	t.Parallel()
	program := successor(t)
	f := newFleet(t, options{replicas: 2})
	old := f.all()
	processes := []int{old[0].run(), old[1].run()}
	business := f.begin(2, 2)
	f.more(30)
	fresh := f.add(program, 1)[0]
	if version := f.must(`select cast(max(version_id) as text) from goose_db_version`); version != "999" {
		t.Fatalf("the schema is version %s", version)
	}
	f.more(30)
	for i, r := range old {
		if r.run() != processes[i] {
			t.Errorf("%s ended when the schema was migrated", r.name)
		}
	}

	f.leave(fresh) // from now on the old replicas take all deliveries
	f.more(30)
	if err := old[0].kill(); err != nil {
		t.Fatal(err)
	}
	if err := old[0].start(); err != nil {
		t.Errorf("a replica of the old version cannot start on the new schema: %v", err)
	}
	f.more(30)
	f.join(fresh)
	business.end()
	f.atRest()

	// Roll back: the new replica ends, and the old ones do all the work.
	if err := fresh.end(t); err != nil {
		t.Errorf("the new version ended with: %v", err)
	}
	user, _ := f.subscriber()
	if _, err := f.call(t.Context(), http.MethodGet, fmt.Sprintf("%s/v1/accounts/user/%s", f.web, user), nil,
		nil); err != nil {
		t.Error(err)
	}
	f.report("the next version is rolled out and rolled back")
}
