package lockstep

import (
	"fmt"
	"regexp"
	"strings"
)

// Kind says which sort of party an account is.
type Kind string

// The kinds of account. A user's own account and an organization's are never mixed.
const (
	User         Kind = "user"
	Organization Kind = "organization"
)

// Account is a party that pays: a user or an organization of the identity
// directory.
type Account struct {
	Kind Kind
	ID   string // as the directory spells it: user_2x…, org_9y…
}

// accountID is the form of an id. Those of nanoid and Firebase's push ids may begin with - or _.
// None begins with a dot: ".." would be a step in a path.
var accountID = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.:|@-]{0,127}$`)

// NewAccount returns the account, or an error that says what is wrong with it.
func NewAccount(kind Kind, id string) (Account, error) {
	if kind != User && kind != Organization {
		return Account{}, fmt.Errorf("account kind %q is neither %q nor %q", kind, User, Organization)
	}
	if !accountID.MatchString(id) {
		return Account{}, fmt.Errorf("account id %q: an id has 1 to 128 letters, digits or _.:|@- and begins with a letter, a digit, _ or -", id)
	}
	return Account{kind, id}, nil
}

// ParseAccount reads what [Account.String] writes: "user/user_2x…".
func ParseAccount(s string) (Account, error) {
	kind, id, found := strings.Cut(s, "/")
	if !found {
		return Account{}, fmt.Errorf("account %q is not of the form kind/id", s)
	}
	return NewAccount(Kind(kind), id)
}

// AccountOfReference reads what [Account.Reference] writes.
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

// What tells the kind of an id that does not tell it itself. A payment link takes
// letters, digits, dashes and underscores in its client_reference_id, and no more.
const (
	userReference         = "lockstep-user-"
	organizationReference = "lockstep-organization-"
)

// Reference is the account as a checkout's client_reference_id names it: an id of
// Clerk's alone, which carries its kind in its prefix ("user_…", "org_…"), and any
// other id behind a prefix of ours ("lockstep-user-42").
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

// String is the account's canonical form, "kind/id".
func (a Account) String() string { return string(a.Kind) + "/" + a.ID }

// IsZero reports whether a names nobody.
func (a Account) IsZero() bool { return a == Account{} }

// Key is the key under which the account is worked on.
func (a Account) Key() Key { return Key{KeyKind(a.Kind), a.ID} }

// Identity is an account as the identity directory describes it now.
type Identity struct {
	Account   Account
	Email     string         // the primary address; empty where there is none
	Name      string         // display name; empty where there is none
	Metadata  map[string]any // public metadata, as decoded from JSON
	UpdatedAt int64          // the directory's own time stamp, in milliseconds
	// ExternalID is the id that the operator's own system gave the identity: after a move to
	// another instance, the id that it had before. Only servers can write it. May be empty.
	ExternalID string

	EmailVerified  bool     // the directory has verified the primary address
	VerifiedEmails []string // every address that the directory has verified, in its spelling

	Members     int64 // of an organization; 0: not known, or Empty
	Empty       bool  // of an organization: the directory says that it has no members
	MemberLimit int64 // how many it may have; 0: no limit

	Slug        string   // of an organization; empty where it has none
	CustomerIDs []string // the customers that public or private metadata names, sorted; see [CustomersNamedIn]
}

// UserOf returns the account of a user id, and false for an id that cannot be one, such as the
// empty id of a purchase without a known buyer.
func UserOf(id string) (Account, bool) {
	account, err := NewAccount(User, id)
	return account, err == nil
}
