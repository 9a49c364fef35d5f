// Package ingest takes events in: it verifies a delivery over its raw bytes,
// stores it with the mark that it makes in one transaction, and only then
// answers 200.
//
// What a sender sees:
//
//	200 {"status":"success"}  stored, or stored before; also for what is not for us
//	400 {"status":"error"}    not signed by a configured secret, stale, or no event
//	413                       larger than [MaxBody]
//	503 with Retry-After      could not be stored; the sender's retry is welcome
//
// Invariants: nothing is stored that is not verified; nothing is answered 2xx
// that is not on disk; nothing of a payload but ids decides anything. Which
// types mark what is one table, [routes]; there is no logic per type elsewhere.
package ingest
