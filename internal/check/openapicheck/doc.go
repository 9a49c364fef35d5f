// Package openapicheck compares what the simulator said with the documents that Stripe
// and Clerk publish, and reports every deviation. Only tests may import it.
//
// It reads a simulator's history: each request, answer and delivery. An answer
// must have what its operation's schema requires, in the type, the enumeration
// and the nullability that the schema gives, and nothing that the schema does
// not know but what lists.go excuses, with the reason. A request that the
// simulator took must be one that the document describes, to the last nested
// parameter. An event's object is judged by the schema of its type.
//
// What a scripted fault answered is nobody's document and is skipped, as is its
// replay under the same idempotency key. A body that the history cut short is a
// deviation: it could not be judged.
//
// Stripe's document is the one embedded in the module stripe-mock. Clerk's is
// not in a module; it is read from the folder that LOCKSTEP_SHARED names, and
// without it Clerk is not judged.
package openapicheck
