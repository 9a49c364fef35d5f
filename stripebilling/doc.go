// Package stripebilling is Stripe as Lockstep sees it: it verifies and reads
// what Stripe delivers, observes what Stripe holds, and asks Stripe for the few
// things that follow from the identity directory. Nothing else speaks to Stripe.
//
// # Protocol
//
// [Verify] is a pure function of secrets, header, body and time; [Read] takes
// from a verified body the ids that it names and nothing else. What an event
// claims is never applied: whoever got the hint asks again through [Client],
// under the API version that the SDK pins, so that the version an event was
// rendered in does not matter. Snapshot and thin events are both read.
// What an answer must be before it is believed is told by package upstream.
//
// # Invariants
//
//   - Every error of a call is a [*lockstep.UpstreamError] and holds neither
//     Stripe's message nor a part of a body: both may quote e-mail addresses.
//   - Only Stripe's own error object saying resource_missing is a
//     [lockstep.ErrNotFound]. A proxy's 404 page is an unknown outcome.
//   - Status 0 means that the outcome is unknown: no answer, a part of one, or
//     one that is not Stripe's. The same request, under the same idempotency key,
//     finds out.
//   - An answer that is not what was asked for is an error, never an empty list.
//   - What Stripe may add is passed on (a status) or left out (a field), and
//     what is null or of another type reads as absent.
//   - Nothing is tried again here, redirects are not followed, and an answer
//     larger than 16 MiB, after decompression, is not read.
//   - Where Lockstep makes an object, its metadata names the account, see
//     [Client.StartCheckout] and [Client.CreateCustomer].
package stripebilling
