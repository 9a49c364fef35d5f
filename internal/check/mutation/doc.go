// Command breaks breaks Lockstep on purpose, one promise at a time, and sees to it
// that the world's test notices. A break replaces a piece of one file by means of
// the Go tool's -overlay, so the checkout is never touched. It fails when a break
// is not caught, or when the piece to replace is no longer there.
//
// With -write it writes the table in docs/mutation.md.
package main
