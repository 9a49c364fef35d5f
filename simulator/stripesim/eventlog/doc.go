// Package eventlog stores the events of an account for thirty days. The newest
// events stay whole in memory, and older ones are compressed in packs. What
// changes after an event was emitted, the state of its deliveries, lives in its
// Record.
package eventlog
