// Package acmenotes is a small application that sells a plan: sign in with
// Clerk, pay with Stripe, and let Lockstep say who has access. It shows the three
// things that an application does:
//
//   - it begins a checkout by POST /v1/checkout and sends the buyer there, and has
//     them come back by Lockstep's page /activate;
//   - it believes the session token's claims, or GET /v1/accounts/…, and never
//     the redirect that brings the buyer back;
//   - it opens the billing portal by POST /v1/portal.
//
// It keeps nothing but a signed cookie with the id of the Clerk session. `lockstep
// dev` runs it against the simulators.
package acmenotes
