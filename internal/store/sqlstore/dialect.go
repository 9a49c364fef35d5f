package sqlstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// Statement is one of the store's SQL statements, as SQLite and PostgreSQL both
// read it. Exported are those that a database may have to say otherwise.
type Statement string

// Dialect is how a database differs. The zero Dialect is SQLite's.
type Dialect struct {
	// Override replaces whole statements. The replacement takes the same
	// parameters and returns the same columns.
	Override map[Statement]string
	// Locking is the same, in writing transactions only: where there are several
	// writers, they lock what they are about to change.
	Locking map[Statement]string
	// Batches replaces statements that run for many rows by one that takes an array for each
	// parameter and returns the rows of all. Without an entry the statement runs once for each
	// row, which costs little where no network lies between.
	Batches map[Statement]string
	// Clock selects the current time in milliseconds. Empty: the process's clock,
	// which is right where there is one process only.
	Clock string
	// Later marks the context of a statement that may be sent together with the next one
	// whose answer is wanted, or with the commit, so that nobody waits for it alone. An
	// error of it comes with that one. Last marks the context of a transaction's last statement, with
	// which the commit may be sent. Both nil: each statement is done when it is said, as
	// costs nothing where the database is in this process.
	Later, Last func(context.Context) context.Context
	// Priorities: ClaimDue, overridden, claims all priorities from $5 to $6, the most urgent first,
	// instead of $5 alone, and looks at the clock itself: $3 is then 0.
	Priorities bool
	// Conflict reports whether an error is the violation of a unique constraint:
	// where writers run at once, one can get in between a check and its write.
	// Nil: there is one writer.
	Conflict func(error) bool
	// Undone reports whether an error says that the database has undone a
	// transaction for the sake of another, so that it is worth another try. Nil: there
	// is one writer.
	Undone func(error) bool
	// Busy reports whether an error says that another process holds the database, so that nothing
	// was done and it is worth another try. Nil: the driver waits by itself.
	Busy func(error) bool
	// Snapshot is the isolation of a reading transaction that sees one state.
	Snapshot sql.IsolationLevel
	// Argument turns a parameter into what the driver can send; nil: as it is.
	Argument func(any) any
	// Overlap is how many transactions of deliveries may be under way at once, where the next
	// one begins when the one before only waits; 0 is 1.
	Overlap int
	// StepRows is about how many rows one transaction writes; 0 is a thousand. Tests set it.
	StepRows int
	// Remote: statements can hang, so that they are interrupted when nobody waits for them
	// any more. A short statement of a database in this process ends before that.
	Remote bool
	// Log makes commits durable. Nil: a commit is durable by itself.
	Log Log
	// Unprepared leaves statements to the driver, for drivers that keep prepared
	// ones themselves or speak through a pooler that cannot.
	Unprepared bool
}

// Log is where commits stand before they are durable. The store closes it before its
// writing connection.
type Log interface {
	// Flush returns when everything that was committed before it began is on disk.
	Flush() error
	// Err returns why no later commit can become durable; nil while they can.
	Err() error
	Close() error
}

// text is how a statement reads in a transaction that writes, or does not.
func (d Dialect) text(s Statement, writing bool) string {
	if locking, has := d.Locking[s]; has && writing {
		return locking
	}
	if override, has := d.Override[s]; has {
		return override
	}
	return string(s)
}

// arguments are what the driver is sent.
func (d Dialect) arguments(args []any) []any {
	if d.Argument == nil {
		return args
	}
	sent := make([]any, len(args))
	for i, a := range args {
		sent[i] = d.Argument(a)
	}
	return sent
}

// storable are deliveries whose ids are as the database will return them.
func storable(deliveries []lockstep.Delivery) []lockstep.Delivery {
	deliveries = slices.Clone(deliveries)
	for i := range deliveries {
		e, m := &deliveries[i].Event, deliveries[i].Mark
		e.ID = Storable(e.ID)
		if m != nil {
			mark := *m
			mark.Key.ID = Storable(m.Key.ID)
			deliveries[i].Mark = &mark
		}
	}
	return deliveries
}

func (d Dialect) undone(err error) bool { return d.Undone != nil && d.Undone(err) }

func (d Dialect) busy(err error) bool { return d.Busy != nil && d.Busy(err) }

func (d Dialect) conflict(err error) bool { return d.Conflict != nil && d.Conflict(err) }
