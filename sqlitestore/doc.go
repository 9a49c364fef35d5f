// Package sqlitestore stores everything in one SQLite file, through a driver in pure Go. It serves a
// single process. Package [sqlstore] has the logic; this package opens the file.
//
// # Durability
//
//   - journal_mode=WAL. A commit is synced before the store returns: one sync serves all transactions
//     that wait, beside the next writer's work, instead of one sync within each commit as with
//     synchronous=FULL; see journal. Only a claim and the end of a run do not wait; see Durability in
//     package sqlstore. Checkpoints run beside the writer too; see checkpoints. A database without a
//     write-ahead log, or with synchronous=OFF, is refused. After a failed sync, or when one of the
//     database's files was replaced, nothing more is written; see files.
//   - One connection writes. Its transactions begin with BEGIN IMMEDIATE, so none fails halfway because
//     it cannot get the lock. Several connections read, and cannot write (query_only). Readers never
//     wait for the writer.
//   - busy_timeout comes before the other pragmas, because they may already meet another process that
//     has the file open. It is short: SQLite's wait cannot be interrupted, so the store repeats it until
//     its caller's context ends.
//   - foreign_keys is on, and tables are STRICT.
//
// # The schema
//
// Migrations are embedded and forward-only. A database with a newer schema than the program's is
// refused. Two processes may open an empty database at once: the one that loses the race finds the
// other's work and continues.
//
// All times come from package time, so a store works within a testing/synctest bubble; open and close it
// within the bubble.
package sqlitestore
