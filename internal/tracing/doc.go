// Package tracing records what Lockstep does as OpenTelemetry spans.
//
//	delivery  one verified webhook; the root of a trace
//	run       one run of a key; the root of a trace, with a span for each call to a provider and for each e-mail and
//	          webhook that it sends
//
// # Links
//
// A delivery and the run that it causes may be hours apart and in different processes, so the run is not a child of
// the delivery: it links to the delivery. Nothing is stored for that. The ids of a delivery's span are a hash of the
// event's name, and the ids of a run's span are a hash of the run's id ([lockstep.RunID]), so anyone who knows the
// name or the id knows the span. A run links to
//
//   - the deliveries of the open events of its key,
//   - the run that recorded the notice which it sends.
//
// The provider must use [IDs] for that; with another generator, the links lead nowhere.
//
// An id must not occur twice. Only the delivery that stores an event has the ids of its name. A duplicate, and a
// delivery that was not stored, have random ids and link to it.
//
// # Cost
//
// Without a provider, a [Tracer] is nil, allocates nothing and reads nothing. Children are started only under a span
// that is recorded. The API of OpenTelemetry alone is imported; cmd/lockstep chooses the SDK.
//
// # Privacy
//
// Attributes are ids, kinds, states and counts. They contain no bodies, no addresses, no secrets and no texts of
// errors other than the reason that the queue records.
package tracing
