// Package doctor checks an installation: its configuration and secrets, the database, Stripe, Clerk, the
// mail server and the webhook endpoints, and what waits for an operator.
//
// The table checks lists every check. A check returns at least one [lockstep.Finding], and changes nothing:
//
//	local    reads only the configuration and the database; serve runs these at its start
//	the rest also ask Stripe, Clerk, the mail server and the endpoints
//
// Checks run at the same time, each within its own limit, so that one that hangs delays no other. A check
// that needs a provider is skipped if the provider's own check failed: one cause is reported once.
//
// Each problem is declared once, with its code, its level, why it matters and how to fix it. docs/doctor.md
// describes them all. No finding contains a secret, an e-mail address or the content of an event.
package doctor
