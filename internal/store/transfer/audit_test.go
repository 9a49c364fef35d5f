package transfer

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/pgstore"
)

// The source says that a move was requested before it is sealed, and the target that it is done.
func TestAMoveIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	const query = "select request, actor, action, subject, result, reason from audit where subject = 'database' order by seq"
	_, source := business(t)
	url := pgtest.Empty(t)
	c := config(source, connect(t, url))
	c.By = Operator{Name: "local/ada", Reason: "we grow"}
	if _, err := (&mover{Config: c, interrupt: func(string) error { return errors.New("killed") }}).run(t.Context()); err == nil {
		t.Fatal("it was not killed")
	}
	id := strings.Trim(sourceRows(t, source, "select id from transfer")[0], "|")
	want := []string{id + "|local/ada|migrate|database|requested|we grow|"}
	if diff := cmp.Diff(want, sourceRows(t, source, query)); diff != "" {
		t.Error(diff)
	}
	if _, err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	want = append(want, id+"|local/ada|migrate|database|done|we grow|")
	if diff := cmp.Diff(want, targetRows(t, connect(t, url), query)); diff != "" {
		t.Error(diff)
	}
	if err := Unseal(t.Context(), source, Operator{Name: "local/bob"}); err != nil {
		t.Fatal(err)
	}
	got := sourceRows(t, source, query)
	if len(got) != 2 || !strings.HasSuffix(got[1], "|local/bob|unseal|database|done||") {
		t.Errorf("given up: %q", got)
	}
	store, err := pgstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store)
	if err := store.AppendAudit(t.Context(), lockstep.AuditEntry{Action: "link", Result: lockstep.AuditDone}); err != nil {
		t.Errorf("the numbers do not continue: %v", err)
	}
}
