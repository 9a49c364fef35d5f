package sqlitestore_test

import (
	"path/filepath"
	"runtime"
	"testing"
)

// TestAFirstStartTakesLittleMemory: what a start allocates decides how far the heap grows before its
// next collection. This test runs alone, because parallel ones allocate too.
func TestAFirstStartTakesLittleMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lockstep.db")
	runtime.GC()
	runtime.GC() // the first keeps what is in pools
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	open(t, path)
	runtime.ReadMemStats(&after)
	t.Logf("allocated %d KB", (after.TotalAlloc-before.TotalAlloc)>>10)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
		t.Errorf("creating a database allocated %d KB, want at most 1 MB", allocated>>10)
	}
}
