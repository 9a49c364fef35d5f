package lockstep

import "context"

// LocalDirectory is the directory of an installation that has no identity provider: its
// identities are those that servers put through the API, whatever signs users in.
type LocalDirectory interface {
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

// Directory is the identity provider. Errors are [*UpstreamError]; a 404 is an
// ErrNotFound. Nothing here tries again: the queue does.
type Directory interface {
	Identity(ctx context.Context, account Account) (Identity, error)
	// MergeMetadata merges our keys into the public metadata; nil removes a key.
	MergeMetadata(ctx context.Context, account Account, metadata map[string]any) error
	// Identities returns a page of all users or organizations, the same order on
	// every page; next is empty at the end.
	Identities(ctx context.Context, kind Kind, cursor string) (page []Identity, next string, err error)
}

// MemberLister knows who belongs to an organization. Errors are as those of [Directory].
type MemberLister interface {
	// MembersAmong returns which of the users are members now, in no order.
	MembersAmong(ctx context.Context, organization Account, userIDs []string) ([]string, error)
	// MembersIn returns up to limit members who have one of the roles, without "org:", the
	// earliest first; without roles, of any role.
	MembersIn(ctx context.Context, organization Account, roles []string, limit int) ([]string, error)
}

// Organizations is what a directory may know of organizations beside [Directory]. Errors
// are as those of [Directory].
type Organizations interface {
	// OrganizationOfSlug returns the organization that has the slug now, or ErrNotFound.
	OrganizationOfSlug(ctx context.Context, slug string) (Account, error)
	// MemberWithEmail returns the member of an organization who has an e-mail address
	// that the directory has verified, or ErrNotFound. Case is ignored.
	MemberWithEmail(ctx context.Context, organization Account, email string) (Member, error)
}

// Member is a user in an organization.
type Member struct {
	User  Account
	Admin bool // may manage the organization's members
}

// ExternalIDs is what a directory may know of the ids that users have in the operator's own
// system, or had in a former directory. Errors are as those of [Directory].
type ExternalIDs interface {
	// UserOfExternalID returns the user who has the external id now, or ErrNotFound.
	UserOfExternalID(ctx context.Context, externalID string) (Account, error)
}
