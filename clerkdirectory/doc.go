// Package clerkdirectory connects Lockstep to Clerk. It verifies webhooks, reads
// users and organizations, merges keys into their public metadata, and verifies the
// session tokens of browsers. No other package talks to Clerk.
//
// # Protocol
//
// [Verify] checks a webhook's signature, by the rules of Svix and of Standard
// Webhooks. It is a pure function of secrets, headers, body and time. [Read] takes
// from a verified webhook only which account it is about. [Client] reads the current
// state from Clerk's Backend API and merges metadata. Each merge makes Clerk send an
// event, so callers write only what differs. [Tokens] verifies a session token with
// the keys of one instance. Package upstream decides which answers count as Clerk's.
//
// # Invariants
//
//   - Every error of a call is a [*lockstep.UpstreamError]. It contains neither
//     Clerk's message nor part of a body, because both may quote e-mail addresses.
//   - Only Clerk's own error object with the code resource_not_found becomes
//     [lockstep.ErrNotFound]. Otherwise a wrong base URL or a proxy's page would look
//     as if all users had been deleted.
//   - Status 0 means that the outcome is unknown: there was no answer, or it was
//     incomplete, or it was not Clerk's.
//   - A listing never skips an object that exists from its start to its end. It may
//     list an object twice.
//   - A token must be signed by RS256 with a key that the instance published within
//     the last 70 minutes. Keys inside a token are ignored.
//   - This package never retries, never follows redirects, and refuses an answer of
//     more than 32 MiB after decompression.
package clerkdirectory
