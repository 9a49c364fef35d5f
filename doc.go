// Package lockstep defines the types and interfaces of Lockstep, a service that keeps
// your users (Clerk, or another identity directory) and what they have paid for (Stripe)
// in sync, in both directions.
//
// # The idea
//
// Events are hints, not commands. No code path applies an event's payload to state:
//
//	webhook -> verify -> ONE transaction { store event if new; mark its key dirty } -> 200
//	worker  -> claim a dirty key -> observe (Stripe and Clerk, current state) -> decide (pure)
//	        -> 1. our database  2. identity metadata  3. notices               -> finish
//
// Duplicates are therefore harmless, order does not matter, a burst of events causes one
// sync, and a daily sweep that marks every account repairs any drift.
//
// # Terms
//
//   - An [Account] is the party that pays: a user or an organization. It is linked to a
//     primary Stripe customer and to any number of further ones ([Link]).
//   - An [Event] is one verified webhook delivery.
//   - A [Key] names something that may be out of sync. A [Mark] says that a key needs a sync, and
//     with its [Scope] what to read. A [Claim] is a worker's lease on a key.
//   - [Access] is what an account may use. [Catalog.Decide] computes it from subscriptions,
//     licenses and the [Catalog], and gives its reasons.
//   - A [License] is the permanent record of a one-time payment.
//   - [ProjectionKeys] name the part of access that is written into the directory's metadata.
//   - A [Notice] is something to send: an e-mail or an outgoing webhook.
//
// # Interfaces
//
// [Store] is the database; package sqlitestore and package pgstore implement it. [Directory]
// is the identity provider; package clerkdirectory implements it. [Billing] and
// [CheckoutService] are Stripe; package stripebilling implements them. [Mailer] sends e-mail;
// package smtpmail implements it. Package server puts them together.
//
// This package imports only the standard library.
package lockstep
