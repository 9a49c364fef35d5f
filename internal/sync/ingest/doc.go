// Package ingest receives webhooks. It verifies a delivery over its raw bytes, stores the event and
// marks its key in one transaction, and only then answers 200.
//
// A sender sees:
//
//	200 {"status":"success"}  stored now or before; also an event that is not for us
//	400 {"status":"error"}    not signed with a configured secret, stale, or not an event
//	408                       the body did not arrive in time, or had to make room for another
//	413                       larger than [MaxBody]
//	501                       no signing secret is configured, see [Unconfigured]
//	503 with Retry-After      not stored, or too many deliveries wait; the sender should retry
//
// # Group commit
//
// A commit costs more than storing an event, so deliveries that arrive while a transaction runs share
// the next one; the type commits explains how. Memory is bounded: by the number of waiting deliveries,
// and by the bytes of bodies that are larger than usual. A small body takes no more memory than its
// connection. A delivery whose headers are unsigned or stale is refused before its body is read.
// Strangers who forge headers and send slowly cannot keep deliveries out: see the type room.
//
// # Invariants
//
//   - Nothing is stored that is not verified.
//   - Nothing is answered 2xx that is not on disk.
//   - Of a payload, only ids decide anything.
//   - One table, routes, says which types mark which keys. No other code depends on the type.
package ingest
