// Package sqlrun runs SQL statements. It knows transactions and connections, and none of Lockstep's
// tables: package sqlstore has those.
//
// A [Database] runs transactions. Each [Transaction] is sent queries, several at a time, and the last of
// them with the commit. [SQL] is a Database over database/sql, for SQLite. Package pgstore has one over
// pgx, which sends what comes together in one round trip.
package sqlrun
