// Package pgstore stores everything in PostgreSQL (13 or newer), for any number of processes. Package
// [sqlstore] has the logic; this package has the statements in which PostgreSQL differs, and the
// connections.
//
// # Several writers
//
// A run's writes lock the row of its key (HoldsLease, for update), so its claim stays the current one
// until the commit. Claims skip rows that another process is claiming. A transaction that needs several
// rows locks them in a fixed order. If two transactions deadlock anyway, PostgreSQL rolls one of them
// back, and the store retries it.
//
// Leases end by the database's clock, because the clocks of the machines may differ.
//
// # Round trips
//
// Each send of a transaction is one pgx batch: one round trip in every mode of pgx's protocol. The begin
// goes with the first batch, the commit with the last.
//
// # Connections
//
// No state lives in a session, so PgBouncer in transaction mode works; a version before 1.21 needs
// default_query_exec_mode=exec in the URL. A URL with several hosts and target_session_attrs=read-write
// finds the primary after a failover. If a connection breaks during a commit, the outcome is unknown: a
// delivery is then answered 503, and a run's lease expires. Both are retried, which is harmless.
//
// # Tables
//
// Event bodies are stored apart from their events, in a ring of 64 weekly tables. A week of bodies is
// dropped by truncating its table.
package pgstore
