// Package clerkdirectory is Clerk as Lockstep sees it: it verifies and reads what
// Clerk delivers, observes users and organizations, writes our keys of their
// public metadata, and verifies the session tokens that browsers carry. Nothing
// else speaks to Clerk.
//
// # Protocol
//
// [Verify] is a pure function of secrets, header, body and time, by the rules of
// Svix and of Standard Webhooks; [Read] takes from a verified delivery whom it is
// about and nothing else. [Client] asks again, and merges metadata; a merge makes
// Clerk deliver an event about itself, which is why callers write only what
// differs. [Tokens] verifies a session token against the keys of one instance.
// What an answer must be before it is believed is told by package upstream.
//
// # Invariants
//
//   - Every error of a call is a [*lockstep.UpstreamError] and holds neither
//     Clerk's message nor a part of a body: both may quote e-mail addresses.
//   - Only Clerk's own error object saying resource_not_found is a
//     [lockstep.ErrNotFound]. A wrong base URL or a proxy's page must never look
//     as if all users had been deleted.
//   - Status 0 means that the outcome is unknown: no answer, a part of one, or
//     one that is not Clerk's.
//   - A listing never skips what is there from its beginning to its end, whatever
//     is created and deleted meanwhile; it may repeat.
//   - A token counts only when it is signed by RS256 with a key that the instance
//     published within the last 70 minutes, and no key that a token brings along
//     is looked at.
//   - Nothing is tried again here, redirects are not followed, and an answer
//     larger than 32 MiB, after decompression, is not read.
package clerkdirectory
