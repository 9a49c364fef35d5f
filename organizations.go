package lockstep

import "context"

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
