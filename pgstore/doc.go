// Package pgstore keeps everything in PostgreSQL (13 or newer), for as many processes
// as there are. [sqlstore] says what it does, this package in which statements
// PostgreSQL differs and how it is reached.
//
// # Several writers
//
// A run's writes lock the row of its key (HoldsLease, for update), so that its claim
// stays the current one until the commit. Claims skip rows that another is claiming.
// Rows are locked in an order wherever one transaction needs several; where two wait
// for each other all the same, PostgreSQL undoes one, and it is begun anew.
//
// Leases end by the database's clock: those of the machines may differ.
//
// # Round trips
//
// In a transaction a connection says nothing before an answer is wanted, and then all that
// was said in one go (pgx's batches, which every mode of its protocol has). What fails
// is told with the next answer; what comes behind it is not done.
//
// # Connections
//
// Nothing is kept in a session, so that PgBouncer may stand between in transaction mode;
// one older than 1.21 needs default_query_exec_mode=exec in the URL. A URL with several
// hosts and target_session_attrs=read-write finds the primary after a failover. What
// was being committed when a connection broke has an unknown outcome: a delivery is
// then answered 503, and a run's lease expires; both are tried again, which is harmless.
//
// # Tables
//
// Events are kept without their bodies, which are in a ring of 64 weekly tables and are
// dropped by truncating one.
package pgstore
