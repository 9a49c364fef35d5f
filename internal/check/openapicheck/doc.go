// Package openapicheck compares what a simulator sent with the OpenAPI documents that Stripe and Clerk publish, and
// reports every deviation. Only tests may import it.
//
// It reads a simulator's history: each request, answer and delivery.
//
//   - An answer must have what its operation's schema requires, with the schema's types, enumerations and nullability.
//     It must have nothing that the schema does not know, except what lists.go excuses with a reason.
//   - A request that the simulator accepted must be one that the document describes, down to the last nested parameter.
//   - An event's object must match the schema of its type.
//
// It skips answers that a scripted fault gave, and their replays under the same idempotency key. A body that the
// history cut short counts as a deviation, because it cannot be checked.
//
// Stripe's document is embedded in the module stripe-mock. Clerk's is in no module: it is read from the folder that
// LOCKSTEP_SHARED names, and without that variable Clerk is not checked.
package openapicheck
