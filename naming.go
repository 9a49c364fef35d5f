package lockstep

import (
	"maps"
	"strings"
)

// Metadata keys with which Stripe objects name their account. Apps used the plain keys before
// Lockstep; we read them and never write them.
const (
	// AccountMetadata is set on customers that we create, to [Account.String].
	AccountMetadata = "lockstepAccount"

	userMetadata              = "clerkUserId" // the account or, next to an organization, the user who paid
	organizationMetadata      = "clerkOrgId"
	plainUserMetadata         = "userId"
	plainOrganizationMetadata = "orgId"
)

// accountName is a metadata key that names an account.
type accountName struct {
	key  string
	kind Kind
	// spelled: apps also use this key for ids of their own, so only an id in Clerk's form counts.
	spelled bool
}

// accountNames lists the keys by precedence: an organization before the user who paid for it.
var accountNames = []accountName{
	{organizationMetadata, Organization, false}, {plainOrganizationMetadata, Organization, false},
	{"clerk_org_id", Organization, true}, {"org_id", Organization, true},
	{"organizationId", Organization, true}, {"organization_id", Organization, true},
	{userMetadata, User, false}, {plainUserMetadata, User, false},
	{"clerk_user_id", User, true}, {"user_id", User, true},
	{"clerkId", User, true}, {"clerk_id", User, true},
}

// in returns the id under the key, or "" if there is none that counts.
func (n accountName) in(metadata map[string]string) string {
	id := metadata[n.key]
	if n.spelled && !n.fitsClerk(id) {
		return ""
	}
	return id
}

// fitsClerk reports whether an id has Clerk's form.
func (n accountName) fitsClerk(id string) bool {
	return strings.HasPrefix(id, map[Kind]string{User: "user_", Organization: "org_"}[n.kind])
}

// NamingMetadata returns the metadata that names an account on a Stripe object. payer is the user who
// pays for an organization; it may be empty.
func NamingMetadata(account Account, payer string) map[string]string {
	if account.Kind != Organization {
		return map[string]string{userMetadata: account.ID}
	}
	metadata := map[string]string{organizationMetadata: account.ID}
	if payer != "" {
		metadata[userMetadata] = payer
	}
	return metadata
}

// AccountNamedIn returns the account that metadata names, if any. A user next to an organization is
// the payer, see [PayerNamedIn].
func AccountNamedIn(metadata map[string]string) (Account, bool) {
	if text := metadata[AccountMetadata]; text != "" {
		a, err := ParseAccount(text)
		return a, err == nil
	}
	for _, n := range accountNames {
		if id := n.in(metadata); id != "" {
			a, err := NewAccount(n.kind, id)
			return a, err == nil
		}
	}
	return Account{}, false
}

// PayerNamedIn returns the id of the user that metadata names next to an organization, or "".
func PayerNamedIn(metadata map[string]string) string {
	if a, named := AccountNamedIn(metadata); !named || a.Kind != Organization {
		return ""
	}
	for _, n := range accountNames {
		if payer := n.in(metadata); n.kind == User && payer != "" {
			return payer
		}
	}
	return ""
}

// WithClerkIDs returns metadata without account ids that are not in Clerk's form. If Clerk is the
// directory, such an id belongs to the app's own database and must not hide other evidence.
func WithClerkIDs(metadata map[string]string) map[string]string {
	fitting := metadata
	for _, n := range accountNames {
		if id, has := metadata[n.key]; has && !n.fitsClerk(id) {
			if len(fitting) == len(metadata) {
				fitting = maps.Clone(metadata)
			}
			delete(fitting, n.key)
		}
	}
	return fitting
}

// NamesOf returns every metadata key and value that names the account.
func NamesOf(account Account) map[string]string {
	all := map[string]string{AccountMetadata: account.String()}
	for _, n := range accountNames {
		if n.kind == account.Kind && n.in(map[string]string{n.key: account.ID}) != "" {
			all[n.key] = account.ID
		}
	}
	return all
}
