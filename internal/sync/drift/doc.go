// Package drift says how an account's record and metadata differ from what they should be. It is pure:
// the full verify counts what it repaired with it, and package verify shows with it what a run would
// change, so both agree on what a difference is.
package drift
