// Package lockstep is the vocabulary of Lockstep, which keeps who your users
// are (the identity directory, Clerk) and what they have paid for (Stripe) in
// step, both ways.
//
// # The idea
//
// Events are hints, not commands. No code path applies an event's payload to
// state:
//
//	webhook -> verify -> ONE transaction { store event if new; mark its key dirty } -> 200
//	worker  -> claim a dirty key -> observe (Stripe, Clerk: as they are now) -> decide (pure)
//	        -> 1. our database  2. identity metadata  3. notices               -> finish
//
// Hence duplicates do nothing, order does not matter, a burst of events is one
// sync, and a sweep that marks everything dirty repairs any drift.
//
// # The words
//
// An [Account] pays. It is linked to at most one Stripe customer. An [Event] is
// one verified delivery. A [Key] names something that may be out of step; a
// [Mark] says that it may be, and with its [Scope] what to look at. [Access] is
// what follows from the billing state and the [Catalog]; a [Projection] is the
// part of it that is written into the identity directory's metadata. A [License]
// is the permanent record of a one-time payment. A [Notice] is something to tell.
//
// This package imports only the standard library. The role interfaces that the
// stores and the providers' adapters fulfil are here, each method with the
// errors it returns.
package lockstep
