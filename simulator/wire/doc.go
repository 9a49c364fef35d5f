// Package wire stands between a client and a simulated provider. It applies
// scripted faults and records every exchange.
//
// A request goes through these steps:
//
//  1. The gate reads its body.
//  2. A fault may answer it, make it hang, or cut the connection.
//  3. The provider executes it.
//  4. A fault with After may replace, delay or cut the answer. The client then
//     cannot know the outcome.
//  5. The gate records the exchange and writes the answer.
//
// A provider that stores answers for replay applies an After fault itself, before
// it stores the answer: Stripe's idempotency keys replay what the client got. For
// that, Request carries the fault.
package wire
