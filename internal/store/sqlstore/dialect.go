package sqlstore

import "github.com/lockstep-dev/lockstep/internal/store/sqlrun"

// Statement is one of the store's SQL statements, as SQLite and PostgreSQL both read it. A
// dialect may replace the exported ones.
type Statement string

// Dialect says where a database differs. The zero Dialect is SQLite's.
type Dialect struct {
	// Replace replaces whole statements. The replacement takes the same parameters and
	// returns the same columns.
	Replace map[Statement]string
	// Lock replaces whole statements in writing transactions only: with several writers
	// they lock the rows that the transaction is about to change.
	Lock map[Statement]string
	// Batch replaces statements that run for many rows by one that takes an array for each
	// parameter and returns the rows of all. Without an entry the statement runs once for
	// each row, which costs little where no network lies between.
	Batch map[Statement]string
	// Clock selects the current time in milliseconds. Empty: the clock of the process,
	// which is right for a database with a single process.
	Clock string
	// Failure classifies an error of the database.
	Failure func(error) sqlrun.Failure
	// Overlap is how many transactions of deliveries may run at once; 0 means 1.
	Overlap int
	// StepRows is about how many rows one transaction writes; 0 means 1000. Tests set it.
	StepRows int
	// Log makes commits durable. Nil: a commit is durable by itself.
	Log sqlrun.Log
}

// text returns a statement as a transaction that writes, or only reads, sends it.
func (d *Dialect) text(s Statement, writing bool) string {
	if lock, has := d.Lock[s]; has && writing {
		return lock
	}
	if replacement, has := d.Replace[s]; has {
		return replacement
	}
	return string(s)
}

func (d *Dialect) failure(err error) sqlrun.Failure {
	if err == nil || d.Failure == nil {
		return sqlrun.Other
	}
	return d.Failure(err)
}
