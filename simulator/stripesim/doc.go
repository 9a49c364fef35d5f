// Package stripesim is a stateful simulator of one Stripe account in test mode:
// the part of the API that a billing service uses, the hosted checkout, invoice
// and portal pages, and the events that follow from everything that happens.
//
// # Packages
//
// Imports go from the bottom of this list to the top. Every part embeds
// account.Account and has fields for the parts it uses; New assembles them.
//
//   - api is the request layer: parameters, errors, routes, lists.
//   - eventlog stores the events of thirty days.
//   - state holds the types of all objects and their tables.
//   - account shows objects as JSON and keeps the clocks.
//   - version converts objects between API versions.
//   - search indexes objects and evaluates search queries.
//   - events emits events and delivers them to webhook endpoints.
//   - catalog, discounts and customers hold products, coupons and payers.
//   - payments charges, refunds and disputes.
//   - billing is the core: subscriptions, schedules and invoices.
//   - checkout runs checkout sessions and payment links.
//   - intents confirms intents and does what follows from their outcome.
//   - portal runs portal sessions and configurations.
//   - pages serves the hosted pages.
//
// This package answers API requests (Stripe.ServeHTTP) and offers the actions
// of people: a buyer who pays, a merchant who refunds.
//
// # Stricter than Stripe
//
// Every operation lists the parameters it takes. Any other parameter is refused
// with parameter_unknown, even if Stripe has it. The simulator accepts one key
// and never a live key, and only the test numbers in package state are cards. So
// a client that passes here asks for nothing that would be silently ignored,
// except for what the comments of an operation list as accepted without effect.
//
// # Idempotency
//
// The first answer to a POST with an Idempotency-Key is stored from the moment
// execution starts, for 24 hours of the billing clock. This includes a 500 that
// a fault made after execution. Answers about a wrong key, unknown or malformed
// parameters, and conflicts are not stored. The same key with other parameters
// is a 400 idempotency_error. A second request while the first one hangs is a
// 409.
//
// # Limits and refusals
//
// With Config.RateLimits the published limits of a sandbox apply, by time.Now
// and before the idempotency key is read. Which errors carry Stripe-Should-Retry
// is our interpretation. Paths under /v2 answer 404.
//
// # Not simulated
//
// In the catalog: currency options, fractions of the smallest unit, tax rates on
// anything, trial days of plans, package dimensions, inline prices in payment
// links. Among discounts: those of a subscription's items, of schedules and of
// previews, and minimum amounts in several currencies. With test clocks: moving
// an existing customer to one.
//
// Also: taxes, metered and tiered prices, backdated subscriptions, billing
// thresholds and billing schedules, pending_invoice_item_interval, credit notes,
// quotes, revisions of invoices, changes to the lines of a draft except through
// invoice items, phases with add_invoice_items, renewing schedules, the setup
// intent of a trial, invoice.will_be_due, embedded checkout, custom fields,
// shipping and after-expiration recovery in checkout, invoices of one-time
// sessions, manual capture in checkout, tokens and sources (POST /v1/charges),
// several captures of one payment, confirmation tokens, setup attempts, mandates
// and balance transactions as objects, files as evidence, payment methods other
// than cards and SEPA debits, Connect, API versions before 2023-10-16, thin
// events. The delay of entitlements (next billing period) is simulated.
package stripesim
