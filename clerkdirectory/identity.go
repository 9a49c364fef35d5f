package clerkdirectory

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// Identity returns the current state of a user or organization. It returns
// [lockstep.ErrNotFound] if Clerk says that the account does not exist.
func (c *Client) Identity(ctx context.Context, account lockstep.Account) (lockstep.Identity, error) {
	op := "read " + string(account.Kind)
	path, err := at(op, account)
	if err != nil {
		return lockstep.Identity{}, err
	}
	var answer upstream.Answer
	if account.Kind == lockstep.Organization {
		answer, err = c.list(ctx, op, path, url.Values{"include_members_count": {"true"}})
	} else {
		answer, err = c.call(ctx, op, http.MethodGet, path, nil)
	}
	if err != nil {
		return lockstep.Identity{}, err
	}
	identity := identityOf(account.Kind, answer.Object)
	if identity.Account != account {
		// Clerk also accepts an organization's slug in place of its id.
		return lockstep.Identity{}, failed(op, errors.New("the answer is about another account"))
	}
	return identity, nil
}

// merge is the body of a merge. We never write private metadata, which belongs to the
// operator, or unsafe metadata, which belongs to the user.
type merge struct {
	clerk.APIParams
	PublicMetadata map[string]any `json:"public_metadata"`
}

// MergeMetadata merges keys into the public metadata of an account. Clerk merges
// objects at every level and replaces other values. A nil removes its key, at any
// level.
func (c *Client) MergeMetadata(ctx context.Context, account lockstep.Account, metadata map[string]any) error {
	op := "merge metadata of " + string(account.Kind)
	path, err := at(op, account)
	if err != nil {
		return err
	}
	if metadata == nil {
		metadata = map[string]any{}
	}
	_, err = c.call(ctx, op, http.MethodPatch, path+"/metadata", &merge{PublicMetadata: metadata})
	return err
}

// limit is the body of a request that limits an organization's members.
type limit struct {
	clerk.APIParams
	MaxAllowedMemberships int64 `json:"max_allowed_memberships"`
}

// LimitMembers implements [lockstep.MemberLimiter]. 0 means no limit, as in Clerk's
// API.
func (c *Client) LimitMembers(ctx context.Context, organization lockstep.Account, members int64) error {
	const op = "limit members of organization"
	if organization.Kind != lockstep.Organization || members < 0 {
		return failed(op, errors.New("the limit needs an organization and must not be negative"))
	}
	path, err := at(op, organization)
	if err != nil {
		return err
	}
	_, err = c.call(ctx, op, http.MethodPatch, path, &limit{MaxAllowedMemberships: members})
	return err
}

func identityOf(kind lockstep.Kind, o upstream.Object) lockstep.Identity {
	identity := lockstep.Identity{
		Account:    lockstep.Account{Kind: kind, ID: o.Text("id")},
		UpdatedAt:  o.Number("updated_at"),
		ExternalID: o.Text("external_id"),
	}
	// Metadata that is not an object counts as empty.
	_ = json.Unmarshal(o.Raw("public_metadata"), &identity.Metadata)
	var private map[string]any
	_ = json.Unmarshal(o.Raw("private_metadata"), &private)
	identity.CustomerIDs = append(lockstep.CustomersNamedIn(identity.Metadata), lockstep.CustomersNamedIn(private)...)
	slices.Sort(identity.CustomerIDs)
	identity.CustomerIDs = slices.Compact(identity.CustomerIDs)
	if kind == lockstep.Organization {
		identity.Name, identity.Slug = upstream.Printed(o.Text("name")), o.Text("slug")
		identity.Members, identity.MemberLimit = o.Number("members_count"), o.Number("max_allowed_memberships")
		identity.Empty = string(o.Raw("members_count")) == "0" // a missing count does not mean empty
		return identity
	}
	identity.Name = upstream.Printed(strings.TrimSpace(strings.TrimSpace(o.Text("first_name")) + " " +
		strings.TrimSpace(o.Text("last_name"))))
	readEmails(&identity, o)
	return identity
}

// readEmails reads a user's addresses. primary_email_address_id names the primary one.
// Users who signed up by phone, username or wallet have none, and the named address may
// be missing from the list.
func readEmails(identity *lockstep.Identity, o upstream.Object) {
	primary := o.Text("primary_email_address_id")
	addresses, _ := o.Array("email_addresses")
	for _, raw := range addresses {
		address := upstream.Decode(raw)
		email, verified := upstream.Printed(address.Text("email_address")),
			address.Object("verification").Text("status") == "verified"
		if primary != "" && address.Text("id") == primary {
			identity.Email, identity.EmailVerified = email, verified
		}
		if verified && email != "" {
			identity.VerifiedEmails = append(identity.VerifiedEmails, email)
		}
	}
}
