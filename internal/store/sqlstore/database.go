package sqlstore

import "context"

// Database runs transactions. [SQL] is one over database/sql; package pgstore has one
// over pgx.
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
	SQL  string
	Args []any
	// Row is called with each row; nil: the statement's rows, if any, are dropped.
	Row func(Scanner) error
	// Changed is how many rows the statement changed, where Row is nil.
	Changed int64
}

// Scanner reads the columns of a row, as [database/sql.Rows] does.
type Scanner interface{ Scan(dest ...any) error }
