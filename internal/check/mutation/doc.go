// Command mutation breaks Lockstep on purpose, one promise at a time, and requires that the simulation test notices.
// A mutation replaces a fragment of one file through the Go tool's -overlay, so it never changes the checkout. The
// command fails if no seed catches a mutation, or if its fragment is gone.
//
// With -write it also writes the table in docs/mutation.md.
package main
