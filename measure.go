package lockstep

import (
	"context"
	"time"
)

// Measured is an optional interface of a [Store]: one that measures its queue and its resources.
type Measured interface {
	// Measure reads how much work is open. granting are the types of events that may grant access.
	Measure(ctx context.Context, granting []string) (Measurement, error)
	// FirstOpen returns when the oldest event of a key that is pending or parked was received; zero if
	// there is none.
	FirstOpen(ctx context.Context, key Key) (time.Time, error)
	// Resources returns what the store uses. It asks the database nothing.
	Resources() Resources
}

// MostCounted is the most that a count of [Measurement] says, so that a large backlog does not make
// counting expensive.
const MostCounted = 10_000

// Measurement is how much work is open in a store.
type Measurement struct {
	Due   map[Priority]Backlog // keys that could run now; a key in backoff or in a run is not due
	Ended map[Disposition]int64
	// Granting are the open events that may grant access, by status. Age counts from the receipt.
	Granting map[EventStatus]Backlog
}

// Backlog is a number of things that wait, at most [MostCounted], and the age of the oldest.
type Backlog struct {
	Count int64
	Age   time.Duration // 0 if there is none
}

// Resources are the connections and files of a store.
type Resources struct {
	Pools []Pool
	Files map[string]int64 // bytes by file: "database", "wal"; empty for a server
	// DiskFree is how many bytes the disk of the files has left; negative: unknown.
	DiskFree int64
}

// Pool is a pool of connections to the database.
type Pool struct {
	Name             string // "writer" or "reader"
	InUse, Idle, Max int64
	Waits            int64         // calls that found no free connection, since the start
	Waited           time.Duration // by all of them together
}
