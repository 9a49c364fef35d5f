// Package wire is what stands between a client and a simulated provider:
// scripted faults, and the history of everything that was said.
//
// A request passes, in this order: its body is read; a fault that strikes
// before execution may answer, hang or cut; the provider executes; a fault that
// strikes after execution replaces, delays or cuts the answer, so that the
// client cannot know the outcome; the exchange is entered in the history; the
// answer is written. The provider itself applies an After fault when it keeps
// answers for replay (Stripe's idempotency keys store the answer the client
// was meant to get), which is why Request carries it.
package wire
