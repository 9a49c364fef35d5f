package lockstep

import "context"

// SweepStore stores the progress of sweeps.
type SweepStore interface {
	// Cursor returns the position of a sweep; empty before its first run.
	Cursor(ctx context.Context, sweep string) (string, error)
	// SaveCursor marks keys and moves the cursor in one transaction. If there are more than a thousand
	// marks, it makes the first ones in earlier transactions. After an error the cursor has not moved.
	SaveCursor(ctx context.Context, claim Claim, sweep, cursor string, marks []Mark) error
	// RecordListed records that the directory listed these identities in a round. It returns those that
	// need a sync: unknown ones, changed ones, ones that an event reported as deleted, and ones whose
	// metadata differs from the projection.
	RecordListed(ctx context.Context, claim Claim, round int64, identities []Identity) ([]Account, error)
	// Unlisted returns up to limit active accounts of a kind that were known before the round and were
	// not listed in it, ordered by id after the given one. A round is a Unix time in milliseconds.
	Unlisted(ctx context.Context, kind Kind, round int64, after string, limit int) ([]Account, error)
}
