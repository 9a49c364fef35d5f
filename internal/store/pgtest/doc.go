// Package pgtest runs throw-away PostgreSQL servers for tests: real ones, on loopback,
// as an unprivileged user, with fsync on. Only tests and the benchmark import it.
//
// The programs are looked for on the PATH and where Debian has them. Where there are none,
// a test is skipped, but fails where CI is set: `make test` installs them.
// LOCKSTEP_TEST_POSTGRES names a server to use instead, by a URL of a user who may create
// databases; tests that kill servers still start their own.
package pgtest
