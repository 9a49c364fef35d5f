package transfer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// left is what is not moved, and why.
var left = map[string]string{
	"heartbeat":         "Ping writes it",
	"goose_db_version":  "each database has its own migrations",
	"event_bodies_kept": "empty but within a transaction",
	"replicas":          "of running processes",
	"console_passes":    "people sign in again",
	"upstream_pauses":   "of running processes",
	"work.due_at":       "generated",
	"events.body":       "is in event_bodies there",
	"transfer":          "says of the move itself",
	"transfer_progress": "says of the move itself",
}

// A migration that adds a table or a column has to say here, or in tables, what becomes of it.
func TestEveryTableAndColumnIsMovedOrLeft(t *testing.T) {
	t.Parallel()
	_, source := business(t)
	target := connect(t, pgtest.Empty(t))
	listed := map[string]bool{}
	for _, table := range tables {
		for _, c := range table.columns {
			listed[table.name+"."+c.name] = true
		}
	}
	inSource := sourceRows(t, source, `select m.name || '.' || p.name from sqlite_schema m, pragma_table_xinfo(m.name) p
		where m.type = 'table' and m.name not like 'sqlite_%'`)
	inTarget := targetRows(t, target, `select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
			and a.attnum > 0 and not a.attisdropped`)
	found := map[string]bool{}
	for _, name := range slices.Concat(inSource, inTarget) {
		name = strings.TrimSuffix(name, "|")
		found[name] = true
		table, _, _ := strings.Cut(name, ".")
		if !listed[name] && left[name] == "" && left[table] == "" {
			t.Errorf("%s is neither moved nor left", name)
		}
	}
	for name := range listed {
		if !found[name] {
			t.Errorf("%s is listed and not there", name)
		}
		if !slices.Contains(inTarget, name+"|") || !slices.Contains(inSource, name+"|") &&
			!strings.HasPrefix(name, "event_bodies.") {
			t.Errorf("%s is not on both sides", name)
		}
	}
}

// isMoved compares both sides by queries of its own.
func isMoved(t *testing.T, source []string, target *pgx.Conn) {
	t.Helper()
	if diff := cmp.Diff(source, dumpTarget(t, target)); diff != "" {
		t.Errorf("source -, target +\n%s", diff)
	}
}

// compared are queries that say the same on both sides.
func compared() (queries []string) {
	for _, table := range tables {
		if table.name == "event_bodies" || table.name == "events" {
			continue
		}
		names := []string{}
		for _, c := range table.columns {
			switch {
			case c.fresh && c.kind == integer:
				names = append(names, "0")
			case c.fresh:
				names = append(names, "''")
			default:
				names = append(names, c.name)
			}
		}
		from := table.name
		if from == "audit" { // the move itself adds entries
			from += " where action <> 'migrate'"
		}
		queries = append(queries, fmt.Sprintf("select %s from %s order by %s", strings.Join(names, ", "), from,
			strings.Join(names[:min(2, len(names))], ", ")))
	}
	return append(queries, `select seq, source, id, origin, customer_id, api_version, occurred_at, received_at, key, generation, status, reason from events order by seq`)
}

func dumpTarget(t *testing.T, target *pgx.Conn) (all []string) {
	t.Helper()
	for _, query := range compared() {
		all = append(append(all, query), targetRows(t, target, query)...)
	}
	return append(all, targetRows(t, target, `select e.seq, b.body from events e join event_bodies b on b.slot = e.received_at / 604800000 % 64 and b.seq = e.seq order by e.seq`)...)
}

func TestABusinessIsMoved(t *testing.T) {
	t.Parallel()
	_, source := business(t)
	url := pgtest.Empty(t)
	target := connect(t, url)
	want := []string{}
	for _, query := range compared() {
		want = append(append(want, query), sourceRows(t, source, query)...)
	}
	want = append(want, sourceRows(t, source, "select seq, body from events where length(body) > 0 order by seq")...)

	moved, err := Run(t.Context(), config(source, target))
	if err != nil {
		t.Fatal(err)
	}
	isMoved(t, want, target)
	for _, m := range moved {
		changed := int64(0)
		if m.Table == "events" {
			changed = 2
		}
		if m.Rows == 0 || len(m.Checksum) != 32 || m.Changed != changed {
			t.Errorf("%+v", m)
		}
	}
	if got := targetRows(t, target, "select type, object_id from events where id = 'evt_odd'"); got[0] != "ab|A\uFFFDB|" {
		t.Errorf("odd texts became %q", got)
	}
	if got := targetRows(t, target, "select max(lease_until), max(lease_token), min(claimed_scope) from work"); got[0] != "0||8|" {
		t.Errorf("leases: %q", got)
	}
	if _, err := Run(t.Context(), config(source, target)); !errors.Is(err, ErrFinished) {
		t.Errorf("again: %v, want ErrFinished", err)
	}
	goesOn(t, url)
}

// goesOn uses the business where it is now.
func goesOn(t *testing.T, url string) {
	t.Helper()
	store, err := pgstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store)
	tally, err := store.EventTally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[lockstep.EventStatus]int64{lockstep.EventParked: 4, lockstep.EventPending: 2}
	if diff := cmp.Diff(want, tally); diff != "" {
		t.Error(diff)
	}
	again := lockstep.Delivery{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1", Body: []byte("x")}}
	fresh := lockstep.Delivery{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_new", Body: []byte("x")}}
	receipts, err := store.Receive(t.Context(), []lockstep.Delivery{again, fresh})
	if err != nil || receipts[0].Stored || !receipts[1].Stored {
		t.Errorf("received: %v, %v", receipts, err)
	}
	page, err := store.Events(t.Context(), lockstep.EventFilter{Limit: 1})
	if err != nil || page.Events[0].ID != "evt_new" {
		t.Errorf("the newest is %+v, %v", page.Events, err)
	}
	claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 100, Lease: time.Minute,
		MaxPriority: lockstep.Background})
	if err != nil || len(claims) != 7 || claims[0].Scope != 9 {
		t.Errorf("claims of what a run held: %+v, %v", claims, err)
	}
	end := lockstep.Outcome{Disposition: lockstep.Done, Run: &lockstep.RunReport{}}
	if err := store.Finish(t.Context(), claims[0], end); err != nil {
		t.Fatal(err)
	}
	runs, err := store.Runs(t.Context(), lockstep.RunFilter{Key: claims[0].Key})
	if err != nil || len(runs.Runs) == 0 || runs.Runs[0].Disposition != lockstep.Done {
		t.Errorf("the newest run is not the new one: %+v, %v", runs, err)
	}
}

// Each run is ended before the first commit that it comes to, and the next one after it:
// so at every boundary, twice.
func TestAMoveGoesOnWhereItWasKilled(t *testing.T) {
	t.Parallel()
	_, source := business(t)
	url := pgtest.Empty(t)
	whole := connect(t, pgtest.Empty(t))
	_, other := business(t)
	if _, err := Run(t.Context(), config(other, whole)); err != nil {
		t.Fatal(err)
	}
	killed := errors.New("killed")
	runs := 0
	for where := "before a commit"; ; runs++ {
		conn, err := pgstore.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		m := &mover{Config: config(source, conn), interrupt: func(at string) error {
			if at == where {
				return killed
			}
			return nil
		}}
		_, err = m.run(t.Context())
		if runs == 1 {
			if _, err := pgstore.Open(t.Context(), url); err == nil ||
				!strings.Contains(err.Error(), "run lockstep migrate again") {
				t.Fatalf("half moved, and opened: %v", err)
			}
		}
		if err != nil && !errors.Is(err, killed) {
			t.Fatal(err)
		}
		if closing := conn.Close(t.Context()); closing != nil {
			t.Fatal(closing)
		}
		if err == nil {
			break
		}
		if where == "before a commit" {
			where = "after a commit"
		} else {
			where = "before a commit"
		}
	}
	if runs < 2*len(tables) {
		t.Errorf("only %d runs were killed", runs)
	}
	isMoved(t, dumpTarget(t, whole), connect(t, url))
	goesOn(t, url)
}

func TestTheSourceIsNotWrittenWhileItIsMovedNorAfter(t *testing.T) {
	t.Parallel()
	path, source := business(t)
	service, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, service)
	key := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_new"}
	writes := func() error {
		_, err := service.Receive(t.Context(), []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe,
			ID: "evt_late"}}})
		return errors.Join(err, service.Mark(t.Context(), lockstep.Mark{Key: key}), service.Ping(t.Context()))
	}
	target := connect(t, pgtest.Empty(t))
	m := &mover{Config: config(source, target), interrupt: func(string) error { return errors.New("killed") }}
	if _, err := m.run(t.Context()); err == nil {
		t.Fatal("it was not killed")
	}
	if err := writes(); err == nil || strings.Count(err.Error(), sealed) != 3 {
		t.Errorf("a write while it is moved: %v", err)
	}
	for _, table := range sources() {
		column := strings.Trim(sourceRows(t, source, "select name from pragma_table_info('"+table+"') limit 1")[0], "|")
		for _, statement := range []string{"update " + table + " set " + column + " = " + column, "delete from " + table} {
			if _, err := source.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), sealed) {
				t.Errorf("%s: %v", statement, err)
			}
		}
	}
	if err := Unseal(t.Context(), source, Operator{Name: "local/ada"}); err != nil {
		t.Fatal(err)
	}
	if err := writes(); err != nil {
		t.Errorf("after the move was given up: %v", err)
	}
	if _, err := Run(t.Context(), config(source, target)); err == nil ||
		!strings.Contains(err.Error(), "before it was unsealed") {
		t.Errorf("the same target after the source was written: %v", err)
	}
	if _, err := Run(t.Context(), config(source, connect(t, pgtest.Empty(t)))); err != nil {
		t.Fatal(err)
	}
	if err := writes(); err == nil {
		t.Error("the source is written after it was moved")
	}
}

func TestATargetThatIsInUseIsRefused(t *testing.T) {
	t.Parallel()
	_, source := business(t)
	url := pgtest.Empty(t)
	store, err := pgstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store)
	if err := store.Mark(t.Context(), lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeySweep,
		ID: "events"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), config(source, connect(t, url))); err == nil ||
		!strings.Contains(err.Error(), "table work has rows") {
		t.Errorf("in use: %v", err)
	}
	_, other := business(t)
	taken := connect(t, pgtest.Empty(t))
	if _, err := Run(t.Context(), config(other, taken)); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), config(source, taken)); err == nil ||
		!strings.Contains(err.Error(), "data of another file") {
		t.Errorf("somebody else's: %v", err)
	}
}

func TestADifferenceIsFound(t *testing.T) {
	t.Parallel()
	_, source := business(t)
	url := pgtest.Empty(t)
	target := connect(t, url)
	commits := 0
	m := &mover{Config: config(source, target), interrupt: func(at string) error {
		if at == "after a commit" {
			commits++
		}
		if commits == 10 {
			return errors.New("killed")
		}
		return nil
	}}
	if _, err := m.run(t.Context()); err == nil {
		t.Fatal("it was not killed")
	}
	for _, c := range []struct{ damage, mend, want string }{
		{"update accounts set name = 'x' where id = 'a_1'", "update accounts set name = 'Ä1' where id = 'a_1'",
			"table accounts differs"},
		{"delete from former_customers where customer_id = 'old_a_1'",
			"insert into former_customers values ('old_a_1', 'organization', 'a_1', 'claimed', 0, 5)",
			"table former_customers differs"},
	} {
		if _, err := target.Exec(t.Context(), c.damage); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), config(source, target)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.damage, err)
		}
		if _, err := target.Exec(t.Context(), c.mend); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Run(t.Context(), config(source, target)); err != nil {
		t.Errorf("mended: %v", err)
	}
}

// Two moves at once never write a row twice. One of them may fail because the other is running.
func TestTwoMovesAtOnce(t *testing.T) {
	t.Parallel()
	_, source := business(t)
	url := pgtest.Empty(t)
	var group errgroup.Group
	for range 2 {
		conn := connect(t, url)
		group.Go(func() error {
			_, err := Run(t.Context(), config(source, conn))
			if err != nil && (errors.Is(err, ErrFinished) || strings.Contains(err.Error(), "another lockstep migrate")) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	target := connect(t, url)
	if _, err := Run(t.Context(), config(source, target)); err != nil && !errors.Is(err, ErrFinished) {
		t.Fatal(err)
	}
	goesOn(t, url)
}
