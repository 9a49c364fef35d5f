package lockstep

import "context"

// SweepStore is what sweeps keep.
type SweepStore interface {
	// Cursor returns where a sweep stands; empty before its first run.
	Cursor(ctx context.Context, sweep string) (string, error)
	// SaveCursor marks keys and moves the cursor, in one transaction; of more than a thousand marks the first
	// are made before it. After an error the cursor has not moved.
	SaveCursor(ctx context.Context, claim Claim, sweep, cursor string, marks []Mark) error
	// RecordListed notes that the directory listed these identities in the given round, and
	// returns those that we do not know, that have changed since we looked, that somebody
	// said to be gone, or whose metadata does not hold what was projected.
	RecordListed(ctx context.Context, claim Claim, round int64, identities []Identity) ([]Account, error)
	// Unlisted returns up to limit active accounts of a kind, in the order of their
	// ids after the given one, that were known before the round (a Unix time in
	// milliseconds) and were not listed in it.
	Unlisted(ctx context.Context, kind Kind, round int64, after string, limit int) ([]Account, error)
}
