// Package pgtest runs throw-away PostgreSQL servers for tests: real ones, on loopback, as an unprivileged
// user, with fsync on. Only tests and the benchmark import it.
//
// It looks for the programs on the PATH and where Debian has them. If they are missing, it skips the
// test, or fails it with CI set: `make test` installs them. LOCKSTEP_TEST_POSTGRES is the URL of a server
// to use instead, for a user who may create databases; tests that kill servers still start their own.
package pgtest
