package lockstep

import "context"

// Store is everything that Lockstep keeps.
type Store interface {
	Inbox
	Queue
	Accounts
	EmailDeliveries
	SweepStore
	Archive
	Purchases
	Webhooks
	Deletions
	Assignments
	Replicas
	LocalDirectory
	ChangeFeed
	PriceNames
	HeldPrices
	Instances
	Backfills
	// Ping reports whether the database can be read and written.
	Ping(ctx context.Context) error
	Close() error
}

// ChangeFeed tells whose record was written, in the order of the commits, to every
// process that shares the store. It is what a copy in memory is kept true by.
type ChangeFeed interface {
	// ChangedSince returns whose record was written after the change of the given
	// number, each account once; at most limit accounts, else it says Unknown.
	ChangedSince(ctx context.Context, after int64, limit int) (ChangedAccounts, error)
}

// ChangedAccounts is what [ChangeFeed] tells.
type ChangedAccounts struct {
	Accounts []Account // whose record was written since, that of the oldest change first
	Last     int64     // everything up to this number is told; ask for what comes after it
	// Unknown: any record may have been written: more than the limit were, or the
	// number is not one of this database (it was restored from a backup).
	Unknown bool
}
