package sqlitestore

import (
	"os"
	"path/filepath"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/buckets"
	"github.com/lockstep-dev/lockstep/internal/store/gauges"
	"github.com/lockstep-dev/lockstep/internal/store/listing"
	"github.com/lockstep-dev/lockstep/internal/store/passes"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
	"github.com/lockstep-dev/lockstep/internal/store/staged"
)

// measured is a store that measures itself.
type measured struct {
	*sqlstore.Store
	gauges.Gauges
	listing.Lists
	staged.Reads
	buckets.Buckets
	passes.Passes
	inspector
}

var (
	_ lockstep.Store    = (*measured)(nil)
	_ lockstep.Measured = (*measured)(nil)
)

// resources returns the function that tells what a store uses. A file that is not there has 0 bytes.
func resources(path string, writer, reader *sqlrun.SQL) func() lockstep.Resources {
	return func() lockstep.Resources {
		return lockstep.Resources{Pools: []lockstep.Pool{pool("writer", writer), pool("reader", reader)},
			Files:    map[string]int64{"database": size(path), "wal": size(path + "-wal")},
			DiskFree: diskFree(filepath.Dir(path))}
	}
}

func pool(name string, db *sqlrun.SQL) lockstep.Pool {
	inUse, most, waits, waited := db.Pool()
	return lockstep.Pool{Name: name, InUse: int64(inUse), Idle: int64(most - inUse), Max: int64(most), Waits: waits,
		Waited: waited}
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
