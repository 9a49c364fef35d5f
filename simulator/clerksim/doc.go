// Package clerksim is a stateful simulator of one Clerk development instance. It
// has the Backend API for users, e-mail addresses, organizations, memberships,
// invitations, roles, permissions, sessions and JWT templates. It also has signed
// tokens, hosted pages, and a webhook for every change.
//
// # Rules
//
// The simulator follows the Backend API document of 2026-05-12. Codes and texts of
// errors are those of Clerk's published index. Each instance accepts only its own
// secret key, and never a live key. Package api checks every request; a comment
// beside a route names the parameters without a visible effect. A request names
// the API version in a header or in the query; the default is the newest. Before
// 2026-05-12, updates of users and organizations also accepted metadata.
//
// PATCH metadata merges at every level, and null removes a key. PUT replaces. A
// metadata object holds at most 8 KB. Every write of metadata sends user.updated or
// organization.updated, even if nothing changed. A sync that answers this echo with
// a write never ends. Deletion events carry no metadata.
//
// The rate limits are:
//
//   - 10 writes in 10 seconds to one user, organization or membership
//   - 250 invitations in an hour per instance
//   - if configured, 100 requests in 10 seconds per instance (production: 1000)
//
// Above a limit the answer is 429 with Retry-After. The windows follow real time.
//
// An organization always keeps a member who can manage it. Members and pending
// invitations together stay within its limit, and nobody has two invitations.
// Deleting a user ignores these rules.
//
// # Instances
//
// MoveInstance makes another instance with the same users and organizations under
// new ids. The key of a request decides which instance answers it (enter). Pages,
// actions and state are always those of the current instance.
//
// # Time
//
// The billing clock dates everything except sessions and tokens. Those follow
// time.Now (7 days and 60 seconds), because a verifier has no other clock. So
// advancing the billing clock signs nobody out.
//
// # Tokens
//
// Session tokens are RS256 with v2 claims. Tokens of a JWT template have only the
// standard claims and the template's. The issuer is the simulator's own address
// (Config.URL) instead of a *.clerk.accounts.dev name, so you must configure it in
// the verifier (ProxyURL in Clerk's Go SDK). The public key is at /v1/jwks, which
// needs the secret key, and at /.well-known/jwks.json.
//
// # Pages
//
// The pages are /sign-up, /sign-in, /sign-out, /user, /organization/{id} and
// /accept-invitation. They ask for no password and no code: an address is enough.
// The redirect back to the application carries a token as __clerk_handshake. If a
// browser is already signed in, /sign-in with a redirect_url sends it straight
// back with a fresh token.
//
// # Lookups
//
// Requests find objects in index, without a scan of a table. Only a search for part
// of a text, and an order other than by creation, look at all objects.
//
// # Not simulated
//
// Wallets, passkeys, social and enterprise accounts, second factors, password
// digests, pictures, codes by e-mail or text message, invitations to the instance,
// allow-lists, waitlists, domains, role sets, impersonation, machine tokens, the
// refresh of sessions, Clerk Billing, and the Frontend API. Parameters of features
// that the instance has not enabled are unknown, as at Clerk.
//
// Clerk does not document three details, so these are our choices: deleting a user
// sends no events for the sessions, signing in sends session.created but no
// user.updated, and no e-mail sends email.created.
package clerksim
