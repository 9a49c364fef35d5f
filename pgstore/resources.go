package pgstore

import (
	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/buckets"
	"github.com/lockstep-dev/lockstep/internal/store/gauges"
	"github.com/lockstep-dev/lockstep/internal/store/listing"
	"github.com/lockstep-dev/lockstep/internal/store/passes"
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

// resources returns the function that tells what a store uses.
func resources(writer, reader *database) func() lockstep.Resources {
	return func() lockstep.Resources {
		return lockstep.Resources{Pools: []lockstep.Pool{writer.use("writer"), reader.use("reader")}, DiskFree: -1}
	}
}

// use says how the pool's connections are used.
func (d *database) use(name string) lockstep.Pool {
	s := d.pool.Stat()
	return lockstep.Pool{Name: name, InUse: int64(s.AcquiredConns()), Idle: int64(s.IdleConns()),
		Max: int64(s.MaxConns()), Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime()}
}
