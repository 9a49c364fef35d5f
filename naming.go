package lockstep

import (
	"maps"
	"strings"
)

// The metadata by which Stripe's objects name their account. The plain names are
// those that applications used before Lockstep; they are read, never written.
const (
	// AccountMetadata is on customers that we made, as [Account.String] writes it.
	AccountMetadata = "lockstepAccount"

	userMetadata              = "clerkUserId" // the account, or beside an organization who paid
	organizationMetadata      = "clerkOrgId"
	plainUserMetadata         = "userId"
	plainOrganizationMetadata = "orgId"
)

// accountName is a metadata key that names an account.
type accountName struct {
	key  string
	kind Kind
	// spelled: applications also write other ids under this key, so that only an id of
	// Clerk's, which tells its kind itself, counts.
	spelled bool
}

// accountNames are the keys in the order in which they count: an organization before the user who
// paid for it.
var accountNames = []accountName{
	{organizationMetadata, Organization, false}, {plainOrganizationMetadata, Organization, false},
	{"clerk_org_id", Organization, true}, {"org_id", Organization, true},
	{"organizationId", Organization, true}, {"organization_id", Organization, true},
	{userMetadata, User, false}, {plainUserMetadata, User, false},
	{"clerk_user_id", User, true}, {"user_id", User, true},
	{"clerkId", User, true}, {"clerk_id", User, true},
}

// in returns the id that metadata has under the key; empty: none that counts.
func (n accountName) in(metadata map[string]string) string {
	id := metadata[n.key]
	if n.spelled && !n.fitsClerk(id) {
		return ""
	}
	return id
}

// fitsClerk reports whether an id has the form of Clerk's.
func (n accountName) fitsClerk(id string) bool {
	return strings.HasPrefix(id, map[Kind]string{User: "user_", Organization: "org_"}[n.kind])
}

// NamingMetadata is what names account on an object; payer is the user who pays
// for an organization, or empty.
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

// AccountNamedIn returns the account that metadata names, if it names one. Where
// it names an organization, the user beside it is who paid, see [PayerNamedIn].
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

// PayerNamedIn returns the user whom metadata names beside an organization; empty
// where it names none, or no organization.
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

// WithClerkIDs returns metadata without the names of accounts whose ids are not in Clerk's
// form. Where Clerk is the directory, such an id is one of the application's own database,
// and must not hide what else names the account.
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

// NamesOf returns every key and value of metadata that names account alone.
func NamesOf(account Account) map[string]string {
	all := map[string]string{AccountMetadata: account.String()}
	for _, n := range accountNames {
		if n.kind == account.Kind && n.in(map[string]string{n.key: account.ID}) != "" {
			all[n.key] = account.ID
		}
	}
	return all
}
