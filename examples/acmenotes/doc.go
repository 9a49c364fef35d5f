// Package acmenotes is a small app that sells a plan: users sign in with Clerk and pay with Stripe, and
// Lockstep says who has access. It shows the three things that an app does:
//
//   - It starts a checkout with POST /v1/checkout and sends the buyer there. Afterwards the buyer returns
//     through Lockstep's page /activate.
//   - It trusts the session token's claims, or GET /v1/accounts/…, and never the redirect after the
//     checkout.
//   - It opens the billing portal with POST /v1/portal.
//
// It stores nothing but a signed cookie with the id of the Clerk session. "lockstep dev" runs it against
// the simulators.
package acmenotes
