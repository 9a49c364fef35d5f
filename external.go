package lockstep

import "context"

// ExternalIDs is what a directory may know of the ids that users have in the operator's own
// system, or had in a former directory. Errors are as those of [Directory].
type ExternalIDs interface {
	// UserOfExternalID returns the user who has the external id now, or ErrNotFound.
	UserOfExternalID(ctx context.Context, externalID string) (Account, error)
}
