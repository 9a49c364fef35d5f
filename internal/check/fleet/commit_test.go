package fleet

import (
	"bytes"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// kinds lists the kinds of transactions whose answer is cut. A transaction is of the first kind whose fragments it
// all contains. A delivery is recognized by the event's origin too, because the gap scan also stores events. If
// several deliveries share a transaction, each is then retried alone.
var kinds = []struct {
	name string
	has  []string
}{
	{"delivery", []string{"insert into events", "{webhook}"}},
	{"claim", []string{"lease_token = $1"}},
	{"finish", []string{"update work set\n\tdone_generation"}},
	{"run's write", []string{"from work where key = $1 and lease_token = $2"}},
}

// kindOf returns the kind of a transaction; empty for others.
func kindOf(transaction []byte) string {
	for _, kind := range kinds {
		if !slices.ContainsFunc(kind.has,
			func(fragment string) bool { return !bytes.Contains(transaction, []byte(fragment)) }) {
			return kind.name
		}
	}
	return ""
}

// TestTheAnswerToACommitIsLost breaks the connection between PostgreSQL's commit and its answer, so that the client
// does not know whether it committed.
func TestTheAnswerToACommitIsLost(t *testing.T) {
	t.Parallel()
	direct := pgtest.Empty(t)
	at, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	const every = 15 // cut one of so many of each kind
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
	// Put each statement on the wire instead of the name of a prepared one.
	at.RawQuery = "default_query_exec_mode=exec&sslmode=disable"
	f := newFleet(t, options{replicas: 2, database: at.String(), direct: direct})
	set := func(is bool) { mu.Lock(); on = is; mu.Unlock() }
	business := f.begin(2, 2)
	set(true)
	for more := rounds(3); more(); {
		f.more(60)
	}
	// A duplicate in the same transaction is not refused, so this may take a while.
	f.until("each kind was cut, and a delivery with unknown outcome was answered with 503", func() bool {
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
