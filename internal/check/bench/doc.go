// Command bench measures Lockstep on this machine, beside what it is compared with. Figures of different machines, or
// of different hours on one machine, cannot be compared, so everything that is compared is measured in the same run.
//
// # What it measures
//
// A [scenario] is a name and a function. It starts the targets as processes of their own (this program again, see
// [roles]), sends them requests over loopback, and reports [Result]s. Rounds alternate between the targets. What
// counts is the median of a figure over the rounds, and the median of its ratio to the baseline of the same round.
//
// # How it measures
//
// The events are those of our simulator with other ids, so the tool downloads nothing: 3 to 6 KB, signed, of several
// types. The client is a connection and a few lines of code, so the figures are the server's. In a closed loop each
// sender sends its next event when it has the answer to the last. In an open loop events are due at a fixed rate, and
// a latency counts from when the event was due: a server that stalls also pays for the events that were due meanwhile
// (coordinated omission).
//
// Only answers with status 200 count. Afterwards the tool asks the target how many events it holds. The run fails if
// the target lost an event that it answered with 200, or holds one twice.
package main
