package reconcile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// evidence is what names the account of an object of Stripe's, as the object is now. The
// rungs are tried in this order. E-mail addresses are never one: see [Owners.vouch] for
// what they are good for.
type evidence struct {
	link      lockstep.Account    // by our own proven link of its customer; zero: none
	assigned  lockstep.Account    // by an operator's decision; zero: none
	objects   []map[string]string // metadata of the object, or of the customer's subscriptions and sessions
	reference []lockstep.Account  // by the client_reference_id of its sessions
	customer  map[string]string   // the customer's metadata
	directory []lockstep.Account  // by the directory's metadata, which names the customer
	claimed   lockstep.Account    // by a claimed link of its customer; zero: none
}

// rung is the accounts that one kind of evidence names, and how far it is believed.
type rung struct {
	names []lockstep.Account
	trust lockstep.Trust
}

// errAmbiguous: one rung names two accounts.
var errAmbiguous = errors.New("names several accounts")

// rungs are the rungs of the ladder, the first one first. Anyone can write a reference;
// everything else takes the secret key.
func (e evidence) rungs() []rung {
	return []rung{
		{present(e.link), lockstep.Proven},
		{present(e.assigned), lockstep.Proven},
		{named(e.objects...), lockstep.Proven},
		{slices.Clone(e.reference), lockstep.Claimed},
		{named(e.customer), lockstep.Proven},
		{slices.Clone(payingParty(e.directory)), lockstep.Proven},
		{present(e.claimed), lockstep.Claimed},
	}
}

// climb returns what the first rung that names an account says: the zero ownership when
// nothing names one, and errAmbiguous when a rung contradicts itself, in which case no
// lower rung is believed either.
func climb(rungs []rung) (ownership, error) {
	for _, rung := range rungs {
		for _, a := range rung.names {
			if a != rung.names[0] {
				return ownership{}, fmt.Errorf("%w: %s and %s", errAmbiguous, rung.names[0], a)
			}
		}
		if len(rung.names) > 0 {
			return ownership{rung.names[0], rung.trust}, nil
		}
	}
	return ownership{}, nil
}

// payingParty is the organization where the directory names a customer in its metadata
// and in a user's: the user is who paid for it, see [lockstep.ProjectionKeys.Project].
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

// named are the accounts that metadata names.
func named(metadata ...map[string]string) (accounts []lockstep.Account) {
	for _, m := range metadata {
		if a, ok := lockstep.AccountNamedIn(m); ok {
			accounts = append(accounts, a)
		}
	}
	return accounts
}
