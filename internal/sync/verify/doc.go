// Package verify compares accounts with Stripe and the directory, and says why they differ.
//
// # A comparison is a run without effects
//
// [Comparer.Compare] runs the reconcilers of package reconcile, the same code that syncs the account,
// over interfaces that only read. A dry run has three parts:
//
//	overlay    the store: reads pass, and a write changes only a copy in memory, which later reads see
//	stripe     the calls that read pass, each once; the others are noted
//	directory  likewise
//
// Each embeds an interface of reading methods and writes out the others, so that a new method which
// writes does not compile until it is handled here. What a run would change is the difference between
// the stored record and the copy, plus the noted calls. So a comparison cannot disagree with a run.
//
// The keys that the run marks on the way (customers, checkout sessions) run dry after it, on the same
// overlay, and then the account once more.
//
// # Causes
//
// Evidence decides, the first that fits: open work, a recorded refusal, the directory's metadata, the
// names of prices, Stripe's list of events. See causes.go.
//
// # All accounts
//
// [Verifier.Page] goes through our accounts, then through the directory's identities for those that we
// lack, then through Stripe's customers for those that name an account and are not linked. The position
// is a text that the caller keeps, so an interrupted verification continues where it stopped.
package verify
