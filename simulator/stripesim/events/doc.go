// Package events emits the events of an account and delivers them to its webhook
// endpoints.
//
// A change emits its events under the world's lock, in causal order. Each event
// carries its object as of that step, as bytes that never change. The
// previous_attributes of an *.updated event are the differences between the two
// shown objects.
package events
