package lockstep

import "context"

// Store is the database. Packages sqlitestore and pgstore implement it, and one conformance suite
// tests both. Consumers take the part they need.
type Store interface {
	Inbox
	Queue
	History
	Accounts
	AccountSearch
	EmailDeliveries
	NoticeLists
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
	APIKeys
	Audit
	ConsolePasses
	Repairs
	Statistics
	// Pulse returns numbers that grow when something changes.
	Pulse(ctx context.Context) (Pulse, error)
	// Ping reports whether the database can be read and written.
	Ping(ctx context.Context) error
	Close() error
}

// ChangeFeed lists written records in commit order, for all processes that share the store. The cache
// of accounts follows it.
type ChangeFeed interface {
	// ChangedSince returns the accounts written after change number after, each account once. If there
	// are more than limit, it returns Unknown.
	ChangedSince(ctx context.Context, after int64, limit int) (ChangedAccounts, error)
}

// ChangedAccounts is a batch of the [ChangeFeed].
type ChangedAccounts struct {
	Accounts []Account // the oldest change first
	Last     int64     // the number to continue after
	// Unknown: any record may have changed, because more than the limit did, or because the number is
	// not one of this database (it was restored from a backup).
	Unknown bool
}
