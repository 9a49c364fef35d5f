package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

var (
	noDatabase = problem("database_missing", warning,
		"nothing is stored yet", "start lockstep serve, which creates it; or correct DATABASE_URL if you expected data")
	pending = problem("migrations_pending", warning,
		"this version of lockstep cannot use the database yet",
		"start lockstep serve of this version, which migrates; replicas of the version before keep working")
	unusable = problem("database_unusable", failure,
		"Lockstep answers every delivery with 503 until it can store them", "correct DATABASE_URL, or repair the database")
	unwritable = problem("database_unwritable", failure,
		"Lockstep answers every delivery with 503 until it can store them", "see docs/sqlite.md or docs/postgresql.md")
	exposed = problem("database_exposed", warning,
		"every user of this machine can open the database, which holds personal data", "chmod 600 the database, its -wal and its -shm")
	diskLow = problem("disk_nearly_full", warning,
		"on a full disk, Lockstep answers every delivery with 503", "free space, or shorten retention (docs/retention.md)")
	weak = problem("database_not_durable", failure,
		"a power failure loses deliveries that Lockstep has confirmed", "turn the setting on, and restart the server")
	crowded = problem("connections_nearly_used", warning,
		"new connections fail, so Lockstep answers 503", "raise max_connections, or lower database_connections")
	shared = problem("sqlite_shared", warning,
		"processes that share a SQLite file wait for each other, and all of them must be on one machine",
		"stop all but one, or move to PostgreSQL: lockstep migrate --help")
)

const (
	diskWarns = 1 << 30   // bytes
	diskFails = 100 << 20 // bytes
)

// database looks at the database and its server.
func database(ctx context.Context, in *Installation) []lockstep.Finding {
	var pendingError *lockstep.MigrationsPendingError
	var file *fs.PathError
	switch {
	case in.Store == nil && in.StoreError == nil:
		return []lockstep.Finding{skipped("not checked, because no database is configured")}
	case errors.Is(in.StoreError, fs.ErrNotExist) && errors.As(in.StoreError, &file):
		return []lockstep.Finding{noDatabase.found("there is no file %s", file.Path)}
	case errors.As(in.StoreError, &pendingError):
		return []lockstep.Finding{pending.found("%v", in.StoreError)}
	case in.Store == nil:
		return []lockstep.Finding{unusable.found("%v", in.StoreError)}
	}
	if err := in.Store.Ping(ctx); err != nil {
		return []lockstep.Finding{unwritable.found("it cannot be read and written: %v", err)}
	}
	found := disk(in.Store)
	inspected, is := in.Store.(lockstep.Inspected)
	if !is {
		return orFine(found, "can be read and written")
	}
	facts, err := inspected.Inspect(ctx)
	if err != nil {
		return append(found, unfinished.found("%v", err))
	}
	found = append(found, describe(facts)...)
	fleet, err := in.Store.Fleet(ctx)
	switch {
	case err != nil:
		return append(found, unfinished.found("read the replicas: %v", err))
	case facts.Engine == "SQLite" && fleet.Replicas > 1:
		found = append(found, shared.found("%d processes use it", fleet.Replicas))
	}
	return append(found, fine("%s", summary(facts, fleet)))
}

func disk(store lockstep.Store) (found []lockstep.Finding) {
	measured, is := store.(lockstep.Measured)
	if !is {
		return nil
	}
	switch free := measured.Resources().DiskFree; {
	case free < 0 || free >= diskWarns:
		return nil
	case free < diskFails:
		return []lockstep.Finding{diskLow.at(failure).found("the disk has %d MB left", free>>20)}
	default:
		return []lockstep.Finding{diskLow.found("the disk has %d MB left", free>>20)}
	}
}

func describe(facts lockstep.DatabaseFacts) (found []lockstep.Finding) {
	var paths []string
	for _, file := range facts.Exposed {
		paths = append(paths, file.Path)
	}
	if len(paths) > 0 {
		found = append(found, exposed.fixedBy("chmod 600 %s", strings.Join(paths, " ")).
			found("%s has the mode %s", facts.Exposed[0].Path, facts.Exposed[0].Mode))
	}
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		if facts.Durability[setting] == "off" {
			found = append(found, weak.found("%s is off", setting))
		}
	}
	if most := facts.MostConnections; most > 0 && facts.Connections*10 >= most*9 {
		found = append(found, crowded.found("the server has %d of at most %d connections", facts.Connections, most))
	}
	return found
}

// summary describes a database in one line.
func summary(facts lockstep.DatabaseFacts, fleet lockstep.Fleet) string {
	text := fmt.Sprintf("%s %s can be read and written, schema %d", facts.Engine, facts.Version, facts.Schema)
	if facts.Schema > facts.Program {
		text += fmt.Sprintf(" (this version needs %d)", facts.Program)
	}
	for _, setting := range []string{"journal_mode", "fsync", "synchronous_commit"} {
		if value := facts.Durability[setting]; value != "" {
			text += ", " + setting + " " + value
		}
	}
	if facts.Standbys > 0 {
		text += fmt.Sprintf(", %d standbys", facts.Standbys)
	}
	return text + fmt.Sprintf(", %s", plural(fleet.Replicas, "running service"))
}

// plural returns "1 thing" or "2 things".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
