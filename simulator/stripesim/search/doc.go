// Package search answers Stripe's search operations.
//
// Search sees a change 5 to 60 seconds after it was made, or after the lag given
// to New. Until then it matches and returns the state before. The index learns
// about changes from events, so a change without an event is visible at once.
// Objects on test clocks are found like all others.
package search
