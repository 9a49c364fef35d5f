// Package account is a Stripe account in test mode: its state, its clocks, and
// how the API shows its objects.
//
// # Objects
//
// A Show method turns a struct of package state into the API's JSON object, in
// the shape of version.APIVersion. Answers, events and expanded fields all use
// it, so they cannot differ.
//
// # Time
//
// Times are whole seconds of the billing clock. What happens later is a timer
// that names an object. A timer cannot be canceled, so its function first checks
// whether the object still waits for it.
//
// # Test clocks
//
// A test clock is a clock with its own queue of timers for the customers created
// on it. The clock in use is set before anything runs: for a request from the
// objects it names (ClockOfCall), for an action from its object (Change), for a
// timer from its queue. Until that is done, Account.Clock is set, and Now and At
// use it. Real is always the billing clock.
//
// An advance is asynchronous. After a moment, everything due runs in order, each
// at its own time. After another moment the clock is ready. Until then, objects
// on the clock refuse changes. Events, payments and payment methods carry the
// time of the billing clock even there, as at Stripe.
package account
