package sqlrun

import "context"

// Database runs transactions.
type Database interface {
	// Begin starts a transaction. A database behind a network may leave the begin to the
	// first Send.
	Begin(ctx context.Context) (Transaction, error)
	Close() error
}

// Transaction is one transaction on one connection.
type Transaction interface {
	// Send runs queries in their order and reads their rows; with commit, it commits after
	// the last one. It stops at the first query that fails. A database behind a network does
	// all of this in one round trip.
	Send(ctx context.Context, queries []*Query, commit bool) error
	// End gives the connection back. It rolls back what is not committed.
	End()
}

// Query is a statement with its parameters, and what the database answers.
type Query struct {
	SQL string
	// Args are the parameters. A text is sent as [Storable] returns it.
	Args []any
	// Row is called with each row; nil: the statement's rows, if any, are dropped.
	Row func(Scanner) error
	// Skip reports, once the queries before have answered, that this one would return nothing; nil: it may
	// return something. A database that sends queries together runs it anyway.
	Skip func() bool
	// Long says that the statement may look at many rows before it returns one. SQLite then interrupts it when
	// its caller leaves, which costs two goroutines.
	Long bool
	// Changed is how many rows the statement changed, where Row is nil.
	Changed int64
}

// Scanner reads the columns of a row, as [database/sql.Rows] does.
type Scanner interface{ Scan(dest ...any) error }

// Failure is the kind of an error that a database returns.
type Failure int

const (
	// Other errors are returned to the caller.
	Other Failure = iota
	// Conflict is a violated unique constraint: another writer got in between a check and
	// its write.
	Conflict
	// Undone means that the database rolled the transaction back so that another one could
	// proceed. It is worth another try.
	Undone
	// Busy means that another process holds the database and that nothing was done. It is
	// worth another try.
	Busy
)

// Log holds commits until they are durable. It is closed before the writing connection.
type Log interface {
	// Flush returns when every commit made before the call is on disk.
	Flush() error
	// Later notes a commit that a power failure may undo. A later flush makes it durable.
	Later() error
	// Err returns why no later commit can become durable; nil while they can.
	Err() error
	Close() error
}
