package sqlstore

// Statement is one of the store's SQL statements, as SQLite and PostgreSQL both
// read it. Exported are those that a database may have to say otherwise.
type Statement string

// Dialect is how a database differs. The zero Dialect is SQLite's.
type Dialect struct {
	// Override replaces whole statements. The replacement takes the same
	// parameters and returns the same columns.
	Override map[Statement]string
	// Clock selects the current time in milliseconds. Empty: the process's clock,
	// which is right where there is one process only.
	Clock string
	// Conflict reports whether an error is the violation of a unique constraint:
	// where writers run at once, one can get in between a check and its write.
	// Nil: there is one writer.
	Conflict func(error) bool
	// Unprepared leaves statements to the driver, for drivers that keep prepared
	// ones themselves or speak through a pooler that cannot.
	Unprepared bool
}

func (d Dialect) text(s Statement) string {
	if override, has := d.Override[s]; has {
		return override
	}
	return string(s)
}

func (d Dialect) conflict(err error) bool { return d.Conflict != nil && d.Conflict(err) }
