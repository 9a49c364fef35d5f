// Package sqlitestore keeps everything in one SQLite file, through a driver that
// needs no C compiler. It is the store of a single process; [sqlstore] says what
// it does, this package how the file is opened.
//
// # What is promised, and by which pragma
//
//   - journal_mode=WAL, and what was committed is flushed before anybody is told: one
//     sync for all who wait, beside the next writer's work, instead of one within
//     each commit as with synchronous=FULL; see journal. What stands in the log is copied
//     into the database beside the writer too; see checkpoints. A database without such a
//     log, or with synchronous=OFF, is refused. After a sync that failed, or when one of the
//     database's files is not the one that was opened, nothing more is written; see files.
//   - one writing connection, whose transactions begin with BEGIN IMMEDIATE, so
//     that none fails halfway for want of the lock; several reading ones, that
//     cannot write (query_only). Readers never wait for the writer.
//   - busy_timeout is set before anything else, because the other pragmas may
//     already meet another process that has the file open. It is short: SQLite's wait cannot be
//     interrupted, so the store repeats it until its caller's context ends.
//   - foreign_keys on, tables STRICT.
//
// # The schema
//
// Migrations are embedded and go forward only. A database whose schema is newer
// than the program is refused. Two processes may open an empty database at once:
// whoever loses the race finds the other's work and goes on.
//
// All times come from package time, so that a store works within a
// testing/synctest bubble; it must be opened and closed within it.
package sqlitestore
