package lockstep

import (
	"fmt"
	"regexp"
	"strings"
)

// Kind is the type of an account.
type Kind string

// The kinds of account. A user's own account and their organization's account never mix.
const (
	User         Kind = "user"
	Organization Kind = "organization"
)

// Account is the party that pays: a user or an organization of the identity directory.
type Account struct {
	Kind Kind
	ID   string // the directory's id: user_2x…, org_9y…
}

// accountID matches a valid id. Ids of nanoid and Firebase may begin with - or _. An id must not
// begin with a dot, because ".." would change a URL path.
var accountID = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.:|@-]{0,127}$`)

// NewAccount returns the account, or an error that names the invalid part.
func NewAccount(kind Kind, id string) (Account, error) {
	if kind != User && kind != Organization {
		return Account{}, fmt.Errorf("account kind %q: use %q or %q", kind, User, Organization)
	}
	if !accountID.MatchString(id) {
		return Account{}, fmt.Errorf("account id %q: use 1 to 128 letters, digits or _.:|@-, and begin with a letter, a digit, _ or -", id)
	}
	return Account{kind, id}, nil
}

// ParseAccount parses the form that [Account.String] returns: "user/user_2x…".
func ParseAccount(s string) (Account, error) {
	kind, id, found := strings.Cut(s, "/")
	if !found {
		return Account{}, fmt.Errorf("account %q: write it as kind/id, for example user/user_2x", s)
	}
	return NewAccount(Kind(kind), id)
}

// AccountOfReference parses a client_reference_id that [Account.Reference] returned.
func AccountOfReference(reference string) (Account, bool) {
	for _, form := range []struct {
		prefix string
		kind   Kind
		id     string
	}{
		{"user_", User, reference},
		{"org_", Organization, reference},
		{userReference, User, strings.TrimPrefix(reference, userReference)},
		{organizationReference, Organization, strings.TrimPrefix(reference, organizationReference)},
	} {
		if strings.HasPrefix(reference, form.prefix) {
			a, err := NewAccount(form.kind, form.id)
			return a, err == nil
		}
	}
	return Account{}, false
}

// These prefixes give the kind of an id that does not show its kind. A payment link allows only
// letters, digits, dashes and underscores in client_reference_id.
const (
	userReference         = "lockstep-user-"
	organizationReference = "lockstep-organization-"
)

// Reference returns the account as a checkout's client_reference_id. A Clerk id stands alone,
// because its prefix gives the kind ("user_…", "org_…"). Any other id gets a prefix of ours
// ("lockstep-user-42").
func (a Account) Reference() string {
	own, prefix := "user_", userReference
	if a.Kind == Organization {
		own, prefix = "org_", organizationReference
	}
	if strings.HasPrefix(a.ID, own) {
		return a.ID
	}
	return prefix + a.ID
}

// String returns the canonical form, "kind/id".
func (a Account) String() string { return string(a.Kind) + "/" + a.ID }

// IsZero reports whether a is the zero Account.
func (a Account) IsZero() bool { return a == Account{} }

// Key returns the account's key in the queue.
func (a Account) Key() Key { return Key{KeyKind(a.Kind), a.ID} }

// Identity is an account's current entry in the identity directory.
type Identity struct {
	Account   Account
	Email     string         // the primary address; may be empty
	Name      string         // display name; may be empty
	Metadata  map[string]any // public metadata, as decoded from JSON
	UpdatedAt int64          // the directory's timestamp, in Unix milliseconds
	// ExternalID is the id in the operator's own system or, after a move to another Clerk instance,
	// the former id. Only servers can write it. May be empty.
	ExternalID string

	EmailVerified  bool     // the directory has verified the primary address
	VerifiedEmails []string // every verified address, as the directory spells it

	Members     int64 // of an organization; 0: unknown, or Empty
	Empty       bool  // the directory says that the organization has no members
	MemberLimit int64 // the most members the organization may have; 0: no limit

	Slug        string   // of an organization; may be empty
	CustomerIDs []string // customers named in public or private metadata, sorted; see [CustomersNamedIn]
}

// UserOf returns the account of a user id. It returns false for an invalid id, such as the empty
// id of a purchase whose buyer is unknown.
func UserOf(id string) (Account, bool) {
	account, err := NewAccount(User, id)
	return account, err == nil
}
