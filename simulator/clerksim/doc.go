// Package clerksim is a stateful simulator of one Clerk development instance:
// users with their e-mail addresses, organizations, memberships, invitations,
// roles and permissions, sessions and JWT templates of the Backend API, signed
// tokens, hosted pages, and the webhooks that follow from every change.
//
// # Rules kept
//
// The document followed is the Backend API's of 2026-05-12; the codes and texts
// of errors are those of Clerk's own index. Each instance accepts its one key, live
// keys never are. A route lists all it takes, in body and query: anything else is refused
// (422), as is a value of another type. What has no visible effect is named
// beside its route. The version of the API comes in a header or in the query,
// never in both, and must be a published one; without it the newest counts.
// Before 2026-05-12 the updates of users and organizations took metadata, too.
//
// PATCH metadata merges at every level and null removes; PUT replaces. One
// metadata object holds at most 8 KB. Every write of metadata causes
// user.updated or organization.updated, also when nothing changed: that is the
// echo a sync must not answer for ever. Deletion events carry no metadata.
//
// A user, an organization and a membership take 10 writes in 10 seconds each,
// an instance 250 invitations in an hour, and 100 requests in 10 seconds (1000
// in production) where that is configured; then 429 with Retry-After. These
// windows are of real time.
//
// Somebody must be left in an organization who can manage it, its members and
// those invited fit in its limit, and nobody is invited twice. That does not
// keep a user from being deleted.
//
// # Instances
//
// MoveInstance makes a second instance with the same people under new ids. The key
// of a request decides which instance answers it (enter); pages, actions and truth
// are those of the current one.
//
// # Time
//
// Everything is dated by the billing clock, except for sessions and tokens,
// which live on time.Now (7 days and 60 seconds), because whoever verifies them
// has only that: moving the billing clock signs nobody out.
//
// # Tokens
//
// Session tokens are RS256 with v2 claims; those of a JWT template have only
// the standard claims and its own. The issuer is the simulator's own address
// (Config.URL), not a *.clerk.accounts.dev name: a verifier must be told it (in
// Clerk's Go SDK as ProxyURL). The public key is at /v1/jwks (with the secret
// key) and at /.well-known/jwks.json.
//
// # Pages
//
// /sign-up, /sign-in, /sign-out, /user, /organization/{id} and
// /accept-invitation. Nobody is asked for a password or a code: whoever knows
// an address is in. They hand a token to the application as __clerk_handshake in
// the redirect; a browser that is signed in already and comes to /sign-in with a
// redirect_url is sent straight back with a fresh one.
//
// # Look-ups
//
// What a request names is found in index, not by walking through a table. Only
// a search for a part of a text, and an order other than by creation, look at
// everything.
//
// # Not simulated
//
// Wallets, passkeys, social and enterprise accounts, second
// factors, password digests, pictures, codes by e-mail or text message, invitations to the
// instance, allow-lists, waitlists, domains, role sets, impersonation, machine
// tokens, the refresh of sessions, Clerk Billing, and the Frontend API. The
// names of parameters for what the instance has not enabled are unknown to it,
// which is what Clerk answers too. Deleting a user ends the sessions without
// events of their own, signing in causes session.created and no user.updated,
// and no e-mail is announced by email.created: our readings, as Clerk documents
// neither.
package clerksim
