// Command bench measures Lockstep on this machine, and beside it, in the same run and by
// turns, what it is compared with: figures of different machines, or of different hours of
// one, say nothing.
//
// # What is measured
//
// A [scenario] is a name and a function. It starts what it measures as processes of
// their own (this program again, see [roles]), asks them over loopback, and reports
// [Result]s. Rounds alternate between the targets, and what counts is the median of a
// figure over the rounds, and the median of its ratio to the baseline of the same round.
//
// # How it is asked
//
// Events are those of our simulator with other ids, so that nothing of the tool has to be
// fetched: 3 to 6 KB, signed, of several types. The client is a connection and a few lines,
// so that what is measured is the server. In a closed loop every sender sends its next
// event when the last is answered. In an open loop events are due at a fixed rate, and a
// latency counts from the moment at which an event was due: a server that stalls is not
// excused from what it would have been sent meanwhile (coordinated omission).
//
// Only answers 200 count. Afterwards the target is asked how many events it holds: if an
// event is missing that was answered 200, or one is there twice, the run fails.
package main
