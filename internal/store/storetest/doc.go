// Package storetest is the conformance suite of [lockstep.Store]. A database's own tests call [Run] and
// add what is specific to that database; a bug of one database gets its case here first.
//
// The tests work with the clock of the process and with that of a database, and never sleep for long.
// They look at keys that are due later with Work and NextDue, and use a lease of length zero as one that
// has expired.
package storetest
