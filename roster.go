package lockstep

import "context"

// Roster is the directory of an installation that has no identity provider: its
// identities are those that servers put through the API, whatever signs users in.
type Roster interface {
	Directory
	// PutIdentity creates the identity, or replaces its address and name, and marks
	// its account if anything changed. UpdatedAt and Metadata are not read.
	// ErrRemoved when it was removed before, unless its deletion was discarded since.
	PutIdentity(ctx context.Context, identity Identity) (created bool, err error)
	// RemoveIdentity removes the identity with its personal data and marks its
	// account as deleted. To remove it again does nothing. ErrNotFound when there
	// never was one.
	RemoveIdentity(ctx context.Context, account Account) error
}
