package pgstore

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// takesAway finds statements that would break an earlier version of the program.
var takesAway = regexp.MustCompile(`(?is)\b(drop\s+(table|column|view|function|schema|type|trigger|constraint|not\s+null|default)|rename|alter\s+(column\s+)?\w+\s+(set\s+data\s+)?type|set\s+not\s+null|add\s+(constraint|check|unique|primary|foreign)|truncate|delete\s+from)\b`)

// addsColumn finds added columns.
var addsColumn = regexp.MustCompile(`(?is)\badd\s+column\s+(if\s+not\s+exists\s+)?([^,;]+)`)

// locks finds statements that lock a table exclusively.
var locks = regexp.MustCompile(`(?i)\b(alter\s+table|create\s+(unique\s+)?index|drop\s+index|create\s+trigger|lock\s+table)\b`)

// excused lists migrations that remove something that no program of their generation needs, with
// the reason.
var excused = map[string]string{
	"migrations/00020_audit.sql":     "a trigger refuses to truncate the table that this migration creates",
	"migrations/00021_history.sql":   "a trigger deletes from the table that the migration creates",
	"migrations/00018_tally.sql":     "programs only read the table that its triggers wrote, and a view takes its place",
	"migrations/00004_retention.sql": "a function truncates and deletes, when a program that knows it calls it: bodies that have expired",
}

// Versions run beside each other during a rollout: see generation.
func TestMigrationsOnlyAdd(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		version, err := goose.NumericComponent(name)
		if err != nil {
			t.Fatal(err)
		}
		if problem := notAdditive(string(text)); problem != "" && version > 1 && version%generation != 0 &&
			excused[name] == "" {
			t.Errorf("%s: %s; begin a new generation, or say in excused why no earlier program misses it", name, problem)
		}
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		if version, err := goose.NumericComponent(name); err != nil || version > 7 && locks.Match(text) &&
			!strings.Contains(string(text), "set local lock_timeout = '2s'") {
			t.Errorf("%s changes a table that is in use: begin it with set local lock_timeout = '2s', or everybody waits behind it (%v)", name, err)
		}
	}
	for _, bad := range []string{"alter table a drop column b", "alter table a rename column b to c",
		"alter table a alter column b type text",
		"alter table a alter b set not null", "alter table a add column b text not null", "drop table a", "delete from a",
		"alter table a add constraint b check (c > 0)"} {
		if notAdditive(bad) == "" {
			t.Errorf("%q passes", bad)
		}
	}
	for _, good := range []string{"alter table a add column b text",
		"alter table a add column b text not null default ''", "create index a on b (c)",
		"create table a (b text not null)", "-- drop table a"} {
		if problem := notAdditive(good); problem != "" {
			t.Errorf("%q: %s", good, problem)
		}
	}
}

var comment = regexp.MustCompile(`--[^\n]*`)

// notAdditive says why a migration does more than add; empty if it only adds.
func notAdditive(text string) string {
	text = comment.ReplaceAllString(text, "")
	if found := takesAway.FindString(text); found != "" {
		return "it has " + strings.Join(strings.Fields(found), " ")
	}
	for _, column := range addsColumn.FindAllStringSubmatch(text, -1) {
		definition := strings.ToLower(column[2])
		if strings.Contains(definition, "not null") && !strings.Contains(definition, "default") &&
			!strings.Contains(definition, "generated") {
			return "earlier programs cannot fill the column " + strings.Fields(definition)[0]
		}
	}
	return ""
}

// A migration retries while another transaction blocks it.
func TestAMigrationStepsBack(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	config, err := parse(url)
	if err != nil {
		t.Fatal(err)
	}
	before, err := open(t.Context(), config, options{connections: 2}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close(t.Context()) }()
	tx, err := reader.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "lock table accounts in access share mode"); err != nil { // a report
		t.Fatal(err)
	}
	if config, err = parse(url + "?lock_timeout=100ms"); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		store, err := open(t.Context(), config, options{connections: 2}, newest)
		if err == nil {
			err = store.Close()
		}
		opened <- err
	}()
	observer, err := pgx.Connect(t.Context(), url) // outside of a transaction, so it sees current activity
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = observer.Close(t.Context()) }()
	waits := func() (n int) {
		if err := observer.QueryRow(t.Context(), "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 2 { // it waits, steps back, and waits again
		for want := range 2 {
			for waits() == want {
				if len(opened) > 0 {
					t.Fatalf("it did not wait: %v", <-opened)
				}
			}
		}
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestAProgramRunsOnALaterSchemaOfItsGeneration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		database, program int64
		done, refused     bool
	}{
		{0, 5, false, false},
		{4, 5, false, false},
		{5, 5, true, false},
		{6, 5, true, false},
		{999, 5, true, false},
		{1000, 5, false, true},
		{2001, 1999, false, true},
		{1999, 1001, true, false},
		{5, 1001, false, false},
	} {
		done, err := suits(c.database, c.program)
		var tooNew *schemaTooNewError
		if done != c.done || errors.As(err, &tooNew) != c.refused {
			t.Errorf("schema %d, program %d: done %v, %v", c.database, c.program, done, err)
		}
	}
}
