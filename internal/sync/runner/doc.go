// Package runner claims due keys from the queue and runs the reconciler of each key's kind.
//
// # Protocol
//
// [Runner] has a fixed number of slots. Some are reserved for interactive work, so a new buyer
// never waits behind a storm of renewals. A claim carries a lease, and each run has a timeout
// that is shorter than the lease. When a run ends, the runner reports one of these outcomes to
// the queue:
//
//	no error           done; a Result may ask for another look later
//	ParkError          parked until one of the keys that it waits for is marked
//	Terminal, refused  failed: recorded, and not retried before the next mark
//	DelayError         retried at the time that it names
//	anything else      retried with exponential backoff and jitter
//
// # Invariants
//
//   - Provider outages are retried forever. A panic is retried [maxAttempts] times and then
//     recorded as failed, so that a poisoned key neither blocks other work nor burns the CPU.
//   - A run that dies leaves its lease to expire. The next claim gets its scope again.
//   - Claims and finishes outlive the shutdown signal. Otherwise a claim whose commit was in
//     flight would block its key until the lease expires.
//   - A key of an unknown kind belongs to a newer version of this program and is left to it.
package runner
