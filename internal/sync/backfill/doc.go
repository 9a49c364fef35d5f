// Package backfill links the customers of a business that is older than Lockstep.
//
// # Protocol
//
// On an empty database the first start begins a [Reconciler]. It lists Stripe and the directory
// into the database, decides about each customer by the ladder of package ownership, and only then
// links customers, has licenses made of one-time payments, and lets the accounts run. Each page is
// one transaction that also moves the cursor, so a backfill continues where it was, whatever
// stopped it.
//
// # The hold
//
// Until the backfill has linked what exists, [Hold] keeps every account as it is: no customer is
// created unless somebody buys, and no metadata is lowered. When the backfill ends, it marks every
// account. A customer that could belong to several accounts holds those until an operator decides.
package backfill
