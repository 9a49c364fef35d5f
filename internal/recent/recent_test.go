package recent_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/recent"
)

func TestWhatIsUsedStaysAndTheRestGoes(t *testing.T) {
	t.Parallel()
	m := recent.New[int, string](10)
	m.Put(-1, "used")
	for i := range 1000 {
		m.Put(i, "once")
		if v, has := m.Find(-1); !has || v != "used" {
			t.Fatalf("the used entry was dropped after %d others", i+1)
		}
	}
	kept := 0
	for i := range 1000 {
		if _, has := m.Find(i); has {
			kept++
		}
	}
	if kept < 4 || kept > 10 {
		t.Errorf("%d others are kept, of a limit of 10", kept)
	}
	m.Drop(-1)
	if _, has := m.Find(-1); has {
		t.Error("the dropped entry is still there")
	}
}
