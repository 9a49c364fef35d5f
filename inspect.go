package lockstep

import (
	"context"
	"fmt"
)

// Inspected is an optional interface of a [Store]: one that describes its database, for lockstep doctor.
type Inspected interface {
	Inspect(ctx context.Context) (DatabaseFacts, error)
}

// DatabaseFacts describe a database and its server.
type DatabaseFacts struct {
	Engine  string // "SQLite" or "PostgreSQL"
	Version string // "17.2"
	// Schema is the last migration that the database has, and Program the last one that this program knows.
	Schema, Program int64
	// Durability are the settings that decide whether a commit survives a power failure, by name.
	Durability map[string]string
	// Exposed are the files that every user of the machine can open, with their modes.
	Exposed []ExposedFile
	// Connections are those that the server has now, of all its clients, and the most that it allows; 0: it
	// has no limit.
	Connections, MostConnections int64
	// Standbys are the servers that replicate the database now; negative: this role may not know.
	Standbys int64
}

// ExposedFile is a file of the database that every user of the machine can open.
type ExposedFile struct {
	Path string
	Mode string // octal: "0644"
}

// MigrationsPendingError refuses a database that must be migrated before this program can use it.
type MigrationsPendingError struct {
	Database, Program int64 // versions of the schema
}

func (e *MigrationsPendingError) Error() string {
	return fmt.Sprintf("its schema is version %d, and this program needs version %d", e.Database, e.Program)
}
