package watch

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func numbered(n int) lockstep.Account {
	return lockstep.Account{Kind: lockstep.User, ID: fmt.Sprintf("user_%d", n)}
}

// held counts the parts that are kept.
func (r *recent) held() (parts int) {
	for _, generation := range []map[lockstep.Account]*Entry{r.young, r.old} {
		for _, e := range generation {
			parts += e.parts
		}
	}
	return parts
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	const limit = 100
	kept, rng := newRecent(limit), rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		account := numbered(rng.IntN(200))
		switch rng.IntN(10) {
		case 0:
			kept.drop(account)
		case 1, 2, 3:
			kept.find(account)
		default:
			kept.put(account, &Entry{parts: 1 + rng.IntN(70)})
		}
		young := 0
		for _, e := range kept.young {
			young += e.parts
		}
		if held := kept.held(); held > limit || young != kept.parts {
			t.Fatalf("%d parts are kept, and %d counted of %d", held, kept.parts, young)
		}
	}
}

func TestWhatIsUsedIsKept(t *testing.T) {
	t.Parallel()
	kept := newRecent(100)
	for n := range 10_000 {
		kept.put(numbered(n), &Entry{parts: 1})
		if n == 0 {
			continue
		}
		if _, has := kept.find(numbered(0)); !has {
			t.Fatalf("after %d others, the entry in use is gone", n)
		}
	}
	for n := 10_000 - 50; n < 10_000; n++ {
		if _, has := kept.find(numbered(n)); !has {
			t.Errorf("%d of 10,000, of the newest half of the limit, is gone", n)
		}
	}
}

func TestWhatIsTooLargeIsNotKept(t *testing.T) {
	t.Parallel()
	kept := newRecent(100)
	kept.put(numbered(1), &Entry{parts: 1})
	kept.put(numbered(2), &Entry{parts: 51})
	if _, has := kept.find(numbered(2)); has {
		t.Error("one account takes more than half")
	}
	if _, has := kept.find(numbered(1)); !has {
		t.Error("one that is too large drove another out")
	}
}
