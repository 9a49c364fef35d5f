// Package stripebilling connects Lockstep to Stripe. It verifies webhooks, reads
// customers, subscriptions, payments and prices, and makes the few changes that
// Lockstep needs. No other package talks to Stripe.
//
// # Protocol
//
// [Verify] checks a webhook's signature. It is a pure function of secrets, headers, body
// and time. [Read] takes only the ids from a verified event, snapshot or thin. Nobody
// applies an event's content: the caller reads the current state through [Client]. That
// uses the API version that the SDK pins, so the version of an event does not matter.
// Package upstream decides which answers count as Stripe's.
//
// # Invariants
//
//   - Every error of a call is a [*lockstep.UpstreamError]. It contains no part of a
//     body, because bodies may quote e-mail addresses. It contains Stripe's message only
//     for errors that name nothing personal.
//   - Only Stripe's own error object with the code resource_missing becomes
//     [lockstep.ErrNotFound]. A proxy's 404 page is an unknown outcome.
//   - Status 0 means that the outcome is unknown: there was no answer, or it was
//     incomplete, or it was not Stripe's. The same request with the same idempotency key
//     finds out.
//   - An answer of an unexpected form is an error, never an empty list.
//   - A new status is passed on, and a new field is ignored. A field that is null or of
//     another type counts as absent.
//   - This package never retries, never follows redirects, and refuses an answer of more
//     than 16 MiB after decompression.
//   - The metadata of every object that Lockstep creates names the account; see
//     [Client.StartCheckout] and [Client.CreateCustomer].
package stripebilling
