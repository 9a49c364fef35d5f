// Package clerksim is a stateful simulator of one Clerk development instance:
// the users, organizations, memberships and sessions of the Backend API, signed
// session tokens, hosted sign-up, sign-in and account pages, and the webhooks
// that follow from every change.
//
// # Rules kept
//
// One key is accepted, live keys never are. Unknown body parameters and unknown
// filters of the user list are refused (422). PATCH metadata merges at every
// level and null removes; PUT replaces. Since API version 2026-05-12 metadata is
// refused in PATCH /users/{id}. One metadata object holds at most 8 KB. A user
// or an organization takes 10 writes in 10 seconds of real time, then 429 with
// Retry-After. Every write of metadata causes user.updated or
// organization.updated, also when nothing changed: that is the echo a sync must
// not answer for ever. Deletion events carry no metadata.
//
// # Tokens
//
// Session tokens are RS256 with v2 claims and live 60 seconds of time.Now, not
// of the billing clock, because whoever verifies them has only time.Now. The
// issuer is the simulator's own address (Config.URL), not a
// *.clerk.accounts.dev name: a verifier must be told it (in Clerk's Go SDK as
// ProxyURL). The public key is at /v1/jwks (with the secret key) and at
// /.well-known/jwks.json.
//
// The hosted pages hand a token to the application as __clerk_handshake in the
// redirect; a browser that is signed in already and comes to /sign-in with a
// redirect_url is sent straight back with a fresh one.
//
// # Not simulated
//
// Passwords and every other factor, verification of e-mail addresses, several
// addresses per user, invitations, domains, roles other than org:admin and
// org:member, permissions in tokens, session expiry, Clerk Billing, the
// Frontend API, the instance-wide rate limit (a fault stands in).
package clerksim
