package lockstep

import "context"

// LocalDirectory is the directory of an installation without an identity provider (identity = "api").
// The app's servers put the identities through the API.
type LocalDirectory interface {
	Directory
	// PutIdentity creates the identity or replaces its address and name, and marks its account if
	// anything changed. It ignores UpdatedAt and Metadata. ErrRemoved if the identity was removed
	// before and an operator has not discarded its deletion since.
	PutIdentity(ctx context.Context, identity Identity) (created bool, err error)
	// RemoveIdentity removes the identity with its personal data and marks its account with
	// [ScopeDeleted]. Removing it again changes nothing. ErrNotFound if it never existed.
	RemoveIdentity(ctx context.Context, account Account) error
}

// Directory is the identity provider. Errors are [*UpstreamError]; a 404 is an ErrNotFound. Methods
// do not retry; the queue does.
type Directory interface {
	Identity(ctx context.Context, account Account) (Identity, error)
	// MergeMetadata merges our keys into the public metadata; nil removes a key.
	MergeMetadata(ctx context.Context, account Account, metadata map[string]any) error
	// Identities returns a page of all users or organizations in a stable order; next is empty at the
	// end.
	Identities(ctx context.Context, kind Kind, cursor string) (page []Identity, next string, err error)
}

// MemberLister lists the members of organizations. A [Directory] may implement it, with the same
// errors.
type MemberLister interface {
	// MembersAmong returns those of the given users who are members, in any order.
	MembersAmong(ctx context.Context, organization Account, userIDs []string) ([]string, error)
	// MembersIn returns up to limit members with one of the roles (without the prefix "org:"), the
	// earliest first. Without roles it returns members of any role.
	MembersIn(ctx context.Context, organization Account, roles []string, limit int) ([]string, error)
}

// Organizations looks up organizations and their members. A [Directory] may implement it, with the
// same errors.
type Organizations interface {
	// OrganizationOfSlug returns the organization with this slug, or ErrNotFound.
	OrganizationOfSlug(ctx context.Context, slug string) (Account, error)
	// MemberWithEmail returns the member with this verified e-mail address, or ErrNotFound. It ignores
	// case.
	MemberWithEmail(ctx context.Context, organization Account, email string) (Member, error)
}

// Member is a user's membership in an organization.
type Member struct {
	User  Account
	Admin bool // may manage the organization's members
}

// ExternalIDs looks up users by the id that they have in the operator's own system or had in a former
// directory. A [Directory] may implement it, with the same errors.
type ExternalIDs interface {
	// UserOfExternalID returns the user with this external id, or ErrNotFound.
	UserOfExternalID(ctx context.Context, externalID string) (Account, error)
}
