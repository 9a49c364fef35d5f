package ownership

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// Evidence is what names the account of an object of Stripe's, as the object is now.
type Evidence struct {
	Link      lockstep.Account    // by our own proven link of its customer; zero: none
	Assigned  lockstep.Account    // by an operator's decision; zero: none
	Objects   []map[string]string // metadata of the object, or of the customer's subscriptions and sessions
	Reference []lockstep.Account  // by the client_reference_id of its sessions
	Customer  map[string]string   // the customer's metadata
	Directory []lockstep.Account  // by the directory's metadata, which names the customer
	Claimed   lockstep.Account    // by a claimed link of its customer; zero: none
}

// Named returns the accounts that metadata and references name, in no useful order.
func (e Evidence) Named() []lockstep.Account {
	return slices.Concat(named(e.Objects...), e.Reference, named(e.Customer), e.Directory)
}

// rung is the accounts that one kind of evidence names, and how far it is believed.
type rung struct {
	names []lockstep.Account
	trust lockstep.Trust
}

// ErrAmbiguous says that one rung of the ladder names two accounts.
var ErrAmbiguous = errors.New("names several accounts")

// rungs returns the rungs of the ladder, the first one first.
func (e Evidence) rungs() []rung {
	return []rung{
		{present(e.Link), lockstep.Proven},
		{present(e.Assigned), lockstep.Proven},
		{named(e.Objects...), lockstep.Proven},
		{slices.Clone(e.Reference), lockstep.Claimed},
		{named(e.Customer), lockstep.Proven},
		{slices.Clone(payingParty(e.Directory)), lockstep.Proven},
		{present(e.Claimed), lockstep.Claimed},
	}
}

// climb returns what the first rung that names an account says. It returns the zero Owner if none
// does, and ErrAmbiguous if that rung contradicts itself.
func climb(rungs []rung) (Owner, error) {
	for _, rung := range rungs {
		for _, a := range rung.names {
			if a != rung.names[0] {
				return Owner{}, fmt.Errorf("%w: %s and %s", ErrAmbiguous, rung.names[0], a)
			}
		}
		if len(rung.names) > 0 {
			return Owner{rung.names[0], rung.trust}, nil
		}
	}
	return Owner{}, nil
}

// payingParty returns the organization if the directory names a customer in its metadata and in a
// user's: the user paid for it, see [lockstep.ProjectionKeys.Project].
func payingParty(named []lockstep.Account) []lockstep.Account {
	organizations := slices.DeleteFunc(slices.Clone(named),
		func(a lockstep.Account) bool { return a.Kind != lockstep.Organization })
	if len(organizations) > 0 {
		return organizations
	}
	return named
}

func present(a lockstep.Account) []lockstep.Account {
	if a.IsZero() {
		return nil
	}
	return []lockstep.Account{a}
}

// named returns the accounts that metadata names.
func named(metadata ...map[string]string) (accounts []lockstep.Account) {
	for _, m := range metadata {
		if a, ok := lockstep.AccountNamedIn(m); ok {
			accounts = append(accounts, a)
		}
	}
	return accounts
}
