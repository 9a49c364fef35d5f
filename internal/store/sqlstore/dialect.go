package sqlstore

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
	Failure func(error) Failure
	// Overlap is how many transactions of deliveries may run at once; 0 means 1.
	Overlap int
	// StepRows is about how many rows one transaction writes; 0 means 1000. Tests set it.
	StepRows int
	// Log makes commits durable. Nil: a commit is durable by itself.
	Log Log
}

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

// Log holds commits until they are durable. The store closes it before its writing connection.
type Log interface {
	// Flush returns when every commit made before the call is on disk.
	Flush() error
	// Err returns why no later commit can become durable; nil while they can.
	Err() error
	Close() error
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

func (d *Dialect) failure(err error) Failure {
	if err == nil || d.Failure == nil {
		return Other
	}
	return d.Failure(err)
}
