package clerkdirectory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// Clerk's default admin role, and the permission that lets a custom role manage members.
const (
	adminRole       = "org:admin"
	adminPermission = "org:sys_memberships:manage"
)

// memberPage is more than the number of members that can have the same address.
const memberPage = 10

// OrganizationOfSlug implements [lockstep.Organizations]. Clerk accepts a slug in place
// of an organization's id.
func (c *Client) OrganizationOfSlug(ctx context.Context, slug string) (lockstep.Account, error) {
	const op = "read organization by slug"
	if slug == "" || strings.HasPrefix(slug, "org_") {
		return lockstep.Account{}, failed(op, fmt.Errorf("%q is not a slug", slug))
	}
	answer, err := c.list(ctx, op, collections[lockstep.Organization]+"/"+url.PathEscape(slug), nil)
	if err != nil {
		return lockstep.Account{}, err
	}
	o := answer.Object
	if o.Text("slug") != slug {
		return lockstep.Account{}, failed(op, errors.New("the answer is about another organization"))
	}
	account, err := lockstep.NewAccount(lockstep.Organization, o.Text("id"))
	if err != nil {
		return lockstep.Account{}, failed(op, err)
	}
	return account, nil
}

// MemberWithEmail implements [lockstep.Organizations]. Clerk's filter by address does not
// say whether the address is verified, so this reads each user too.
func (c *Client) MemberWithEmail(ctx context.Context, organization lockstep.Account,
	email string) (lockstep.Member, error) {
	const op = "find member by address"
	path, err := at(op, organization)
	if err != nil {
		return lockstep.Member{}, err
	}
	if organization.Kind != lockstep.Organization || email == "" {
		return lockstep.Member{}, failed(op, errors.New("MemberWithEmail needs an organization and an address"))
	}
	answer, err := c.list(ctx, op, path+"/memberships", url.Values{"email_address": {email},
		"limit": {strconv.Itoa(memberPage)}})
	if err != nil {
		return lockstep.Member{}, err
	}
	memberships, ok := answer.Object.Array("data")
	if !ok {
		return lockstep.Member{}, failed(op, errors.New("the answer is not a list"))
	}
	for _, raw := range memberships {
		membership := upstream.Decode(raw)
		user, err := lockstep.NewAccount(lockstep.User, membership.Object("public_user_data").Text("user_id"))
		if err != nil {
			return lockstep.Member{}, failed(op, err)
		}
		if owns, err := c.ownsEmail(ctx, user, email); err != nil {
			return lockstep.Member{}, err
		} else if owns {
			return lockstep.Member{User: user, Admin: manages(membership)}, nil
		}
	}
	return lockstep.Member{}, fmt.Errorf("member of %s with the address: %w", organization, lockstep.ErrNotFound)
}

// ownsEmail reports whether a user has verified an address. A deleted user has none.
func (c *Client) ownsEmail(ctx context.Context, user lockstep.Account, email string) (bool, error) {
	identity, err := c.Identity(ctx, user)
	if errors.Is(err, lockstep.ErrNotFound) {
		return false, nil
	}
	return slices.ContainsFunc(identity.VerifiedEmails, func(e string) bool { return strings.EqualFold(e, email) }), err
}

// manages reports whether the role of a membership may manage members.
func manages(membership upstream.Object) bool {
	permissions, _ := membership.Array("permissions")
	return membership.Text("role") == adminRole || slices.ContainsFunc(permissions, func(p json.RawMessage) bool {
		return string(p) == strconv.Quote(adminPermission)
	})
}
