// Package sqlitetest gives tests SQLite databases that have all their tables already: to
// make them takes longer than most tests do. Only tests import it.
package sqlitetest
