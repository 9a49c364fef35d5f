// Package storetest is what a [lockstep.Store] must do, as tests. A database's own
// tests call [Run] and add what is particular to it; a bug of one database gets
// its case here first.
//
// The tests hold for any clock that the store uses, the process's or the
// database's: nothing sleeps. What is due later is looked at with Work and
// NextDue, and a lease of no length is one that has expired.
package storetest
