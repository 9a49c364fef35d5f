// Package reconcile syncs keys: it observes the current state of Stripe and the identity directory,
// decides, and writes. Apart from the backfill and operators' commands, it is the only writer of
// accounts, licenses and metadata. Package runner claims the keys and runs these reconcilers.
//
// # The keys
//
//	user, organization  [Accounts]: the customer, the billing state, access, metadata
//	customer            [Unlinked]: link a customer to its account, or park it
//	checkout, payment   [Payments]: turn a one-time payment into a license
//	object              [Payments]: find whom the object of a thin event is about
//	notice              [Notices]: hand a notice to its channels, once its account is in sync
//	mail, buyermail     [Emails]: send an e-mail, once, to the account or to the buyer
//	hook                [Webhooks]: send a notice, or an account's access, to a webhook endpoint
//	wake                package runner: wake the keys that wait for an account or customer
//	sweep               package sweep: the gap scan, the directory's list, the full verify, the backfill
//
// # A run of an account
//
// The stages pass values on:
//
//	begin     the database    -> draft     the record as stored, and the scope that is left to read
//	identify  the directory   -> sighting  the identity, or that it is absent
//	observe   Stripe          -> observed  what the providers say now
//	decide    nothing         -> decided   the record, metadata, notices, marks and the next run
//	write     the providers and the database, in a fixed order
//
// The types say what a function may do:
//
//   - A reader ([reader], [adoption]) only returns what a provider says. It has neither a draft nor
//     a writable store.
//   - A function of the values alone ([rules.decide], draft.judgeAbsence, draft.needs) decides. It
//     has neither store nor provider, so a test needs none.
//   - Only a function that takes a *draft can change the record.
//
// Some steps must write before later ones can read. Each is its own type, with interfaces that hold
// only the calls that it makes:
//
//	succession  takes over a former account             before anything is read about the new one
//	tombstone   asks the brake on bulk deletions, then stores that the account is deleted
//	closing     ends a deleted account's billing, then reads what is left
//	claims      raises a claimed link to proven, or gives the customer to the account it names
//	creation    stores the intent, calls Stripe, stores the link
//	details     writes address and name, each field alone if Stripe refuses both
//	ending      ends a billing by the deletion policy, or in a weaker way if Stripe refuses that
//	seats       changes a quantity, then reads the subscriptions again
//
// # The order of effects
//
// write saves the database first, then the directory's metadata and member limit, and queues the
// access webhooks last. A step that fails leaves the later ones to the retry and undoes nothing. If a
// provider refuses a step, the draft records a problem of the account and the run continues; a
// refused step that leaves the account out of sync fails the run at its end.
//
// # What a crash leaves
//
// The creation of a customer is stored, with its parameters and idempotency key, before the call.
// The link is stored right after it. A retry reads the directory again, because the last run's write
// may or may not have landed.
package reconcile
