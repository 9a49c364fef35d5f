package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// evidence is what an object of Stripe's, as it is now, says about whose it is.
// The rungs are tried in this order; e-mail addresses are never one.
type evidence struct {
	link      lockstep.Account    // our own link of its customer; zero: none
	assigned  lockstep.Account    // an operator's word; zero: none
	objects   []map[string]string // metadata of the object, or of the customer's subscriptions and sessions
	reference []string            // client_reference_id of its sessions
	customer  map[string]string   // the customer's metadata
	// successors are the accounts that named ones of a former instance are now.
	successors map[lockstep.Account]lockstep.Account
}

// errAmbiguous: one rung names two accounts.
var errAmbiguous = errors.New("names several accounts")

// resolve says whose an object is: the zero account when nothing tells, and
// errAmbiguous when a rung contradicts itself, in which case no lower rung is
// believed either.
func resolve(e evidence) (lockstep.Account, error) {
	if !e.link.IsZero() {
		return e.link, nil
	}
	if !e.assigned.IsZero() {
		return e.assigned, nil
	}
	for _, named := range e.rungs() {
		for _, a := range named {
			if a != named[0] {
				return lockstep.Account{}, fmt.Errorf("%w: %s and %s", errAmbiguous, named[0], a)
			}
		}
		if len(named) > 0 {
			return named[0], nil
		}
	}
	return lockstep.Account{}, nil
}

// rungs are the accounts that are named, under their ids of now.
func (e evidence) rungs() [3][]lockstep.Account {
	var rungs [3][]lockstep.Account
	for _, m := range e.objects {
		rungs[0] = appendNamed(rungs[0], m)
	}
	for _, r := range e.reference {
		if a, ok := lockstep.AccountOfReference(r); ok {
			rungs[1] = append(rungs[1], a)
		}
	}
	rungs[2] = appendNamed(rungs[2], e.customer)
	for _, named := range rungs {
		for i, a := range named {
			if now, has := e.successors[a]; has {
				named[i] = now
			}
		}
	}
	return rungs
}

// successorsOf reads who the accounts of a former instance that evidence names are now.
func successorsOf(ctx context.Context, store successors, e evidence) (map[lockstep.Account]lockstep.Account, error) {
	found := map[lockstep.Account]lockstep.Account{}
	for _, named := range e.rungs() {
		for _, a := range named {
			if _, has := found[a]; has {
				continue
			}
			now, err := current(ctx, store, a)
			if err != nil {
				return nil, err
			}
			found[a] = now
		}
	}
	return found, nil
}

func appendNamed(to []lockstep.Account, metadata map[string]string) []lockstep.Account {
	if a, named := lockstep.AccountNamedIn(metadata); named {
		return append(to, a)
	}
	return to
}
