// Package sweep compares everything with the providers from time to time, so that Lockstep also
// finds what no event told it.
//
// The sweeps are well-known keys in the same queue as all other work, and a lease decides which
// replica runs them. There is no leader. Each run does one page, saves the cursor in one transaction
// with the page's marks, and asks for another run:
//
//	events         the gap scan: Stripe's list of events
//	poll           Stripe's newest events, if no webhooks bring them
//	users          the directory's list of users, and the accounts that it lacks
//	organizations  the same for organizations
//	accounts       the full verify: marks every account
//	retention      the removal of old data
//	backfill       package backfill
package sweep
