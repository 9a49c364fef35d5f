// Package sqlitetest gives tests SQLite databases with empty tables. It creates the tables once in a
// process, because that takes longer than most tests do. Only tests import it.
package sqlitetest
