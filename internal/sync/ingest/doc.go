// Package ingest takes events in: it verifies a delivery over its raw bytes,
// stores it with the mark that it makes in one transaction, and only then
// answers 200.
//
// What a sender sees:
//
//	200 {"status":"success"}  stored, or stored before; also for what is not for us
//	400 {"status":"error"}    not signed by a configured secret, stale, or no event
//	408                       the body did not arrive in time, or made room for another
//	413                       larger than [MaxBody]
//	501                       no secret is configured to verify it, see [Unconfigured]
//	503 with Retry-After      could not be stored, or too much waits already; the
//	                          sender's retry is welcome
//
// # Sharing commits
//
// To commit costs more than to store, so deliveries that come while a transaction is
// under way share the next one; the type commits says how. What is in hand at once is
// bounded: so many deliveries that wait, and so many bytes of bodies that are larger
// than usual. A small body takes no more than its connection. A delivery whose headers are
// not signed, or not of now, is refused before its body is read. Strangers who forge the
// headers and send slowly cannot keep deliveries out: the type room says why.
//
// Invariants: nothing is stored that is not verified; nothing is answered 2xx
// that is not on disk; nothing of a payload but ids decides anything. Which
// types mark what is one table, [routes]; there is no logic per type elsewhere.
package ingest
