package fleet

import (
	"bytes"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// kinds are the transactions whose answer is cut, each by what is in it and in none
// before: pieces of statements, and for a delivery how the event came, since the gap scan
// stores events too. Of several deliveries in one transaction each is tried again alone.
var kinds = []struct {
	name string
	has  []string
}{
	{"delivery", []string{"insert into events", "{webhook}"}},
	{"claim", []string{"lease_token = $1"}},
	{"finish", []string{"update work set\n\tdone_generation"}},
	{"run's write", []string{"from work where key = $1 and lease_token = $2"}},
}

// kindOf is the kind of a transaction; empty: another.
func kindOf(transaction []byte) string {
	for _, kind := range kinds {
		if !slices.ContainsFunc(kind.has, func(piece string) bool { return !bytes.Contains(transaction, []byte(piece)) }) {
			return kind.name
		}
	}
	return ""
}

// The connection breaks between PostgreSQL's commit and its answer: nobody knows the
// outcome, whatever was being written.
func TestTheAnswerToACommitIsLost(t *testing.T) {
	t.Parallel()
	direct := pgtest.Empty(t)
	at, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	const every = 15 // of each kind
	var mu sync.Mutex
	seen, cuts, on := map[string]int{}, map[string]int{}, false
	c := newCutter(t, at.Host, func(transaction []byte) bool {
		mu.Lock()
		defer mu.Unlock()
		kind := kindOf(transaction)
		if !on || kind == "" {
			return false
		}
		if seen[kind]++; seen[kind]%every == 1 {
			cuts[kind]++
			return true
		}
		return false
	})
	at.Host = c.at
	// So that every statement is on the wire, and not only the name under which it was prepared.
	at.RawQuery = "default_query_exec_mode=exec&sslmode=disable"
	f := newFleet(t, options{replicas: 2, database: at.String(), direct: direct})
	set := func(is bool) { mu.Lock(); on = is; mu.Unlock() }
	business := f.begin(2, 2)
	set(true)
	for more := rounds(3); more(); {
		f.more(60)
	}
	// One whose twin was in the same transaction is not refused, so that it may take a while.
	f.until("each kind was cut, and a delivery whose outcome nobody knew answered 503", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(cuts) == len(kinds) && f.balancer.so().refused > 0
	})
	business.end()
	set(false)
	f.atRest()
	f.report("answers to commits cut")
	t.Logf("cut: %v of %v", cuts, seen)
}
