package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// identityStore is the store as [identities] uses it.
type identityStore interface {
	ForgetDeletion(ctx context.Context, claim lockstep.Claim, account lockstep.Account) error
	WaitingFor(ctx context.Context, key lockstep.Key) ([]lockstep.Key, error)
}

// identities reads the directory and applies what it says to a draft.
type identities struct {
	store     identityStore
	directory interface {
		Identity(ctx context.Context, account lockstep.Account) (lockstep.Identity, error)
	}
	succession succession
	tombstone  tombstone
	patience   time.Duration // how long an account must be absent before that alone deletes it
	log        *slog.Logger
}

func (as *Accounts) identities() identities {
	return identities{store: as.Store, directory: as.Providers.Directory, succession: as.succession(),
		tombstone: as.tombstone(), patience: as.Policies.Deletion.Absence, log: as.Log}
}

// sighting is what the directory says about an account.
type sighting struct {
	identity *lockstep.Identity // nil: not read, or the directory does not know the account
	absent   bool               // the directory does not know it, and that alone deletes nothing (yet)
	gone     bool               // neither we nor the directory know it: the run is over
}

// look reads the directory.
func (i identities) look(ctx context.Context, d *draft) (sighting, error) {
	identity, err := i.directory.Identity(ctx, d.account)
	switch {
	case err == nil:
		return i.found(ctx, d, identity)
	case errors.Is(err, lockstep.ErrNotFound):
		return i.missed(ctx, d)
	}
	return sighting{gone: true}, fmt.Errorf("read identity: %w", err)
}

// found applies an identity that the directory has.
func (i identities) found(ctx context.Context, d *draft, identity lockstep.Identity) (sighting, error) {
	if carried, err := i.succession.inherit(ctx, d, identity); err != nil {
		return sighting{}, err
	} else if carried {
		return sighting{}, errSucceeded
	}
	if err := i.wakeExternal(ctx, d, identity); err != nil {
		return sighting{}, err
	}
	if d.now.State == lockstep.AccountDeleted {
		// Ids are never reused, so it was not deleted. The policy may have ended its billing
		// already, but the account must not stay locked out.
		i.log.ErrorContext(ctx, "an account that was recorded as deleted is in the directory", "account", d.account.String())
		d.now.State = lockstep.AccountActive
		d.scope |= lockstep.ScopeAll
	}
	if d.now.Deletion != "" {
		if err := i.store.ForgetDeletion(ctx, d.claim, d.account); err != nil {
			return sighting{}, err
		}
		d.now.Deletion = ""
	}
	d.describe(identity)
	return sighting{identity: &identity}, nil
}

// describe copies what the directory says into the draft.
func (d *draft) describe(identity lockstep.Identity) {
	d.now.InstanceGeneration, d.now.MissingSince = d.generation, time.Time{}
	d.now.Members, d.now.MemberLimit = identity.Members, identity.MemberLimit
	d.now.Email, d.now.Name, d.now.IdentityUpdatedAt = identity.Email, identity.Name, identity.UpdatedAt
	d.now.EmailVerified = identity.Email != "" && identity.EmailVerified
	d.verified = verifiedAddress(d.now)
}

// missed applies that the directory does not know the account.
func (i identities) missed(ctx context.Context, d *draft) (sighting, error) {
	seen := sighting{absent: d.former()}
	switch d.judgeAbsence(i.patience, time.Now()) {
	case absenceStranger:
		return sighting{gone: true}, i.stranger(ctx, d)
	case absenceWaits:
		seen.absent = true
	case absenceDoubtful:
		seen.absent = true
		if d.now.MissingSince.IsZero() {
			d.now.MissingSince = time.Now()
		}
	case absenceUnconfirmed:
		return seen, fmt.Errorf("the directory does not know %s, but no event or sweep says that it was deleted", d.account)
	case absenceDeletes:
		held, err := i.tombstone.begin(ctx, d)
		seen.absent = seen.absent || held
		return seen, err
	case absenceExpected:
	}
	return seen, nil
}

// absence says what follows when the directory does not know an account.
type absence int

const (
	absenceExpected    absence = iota // nothing: it is deleted, or belongs to a replaced instance
	absenceStranger                   // we do not know it either
	absenceWaits                      // the brake holds its deletion: it continues without the directory
	absenceDoubtful                   // a list and one 404 may be a glitch: it continues until the absence has lasted
	absenceUnconfirmed                // a 404 alone ends nobody's billing: the key may be another instance's
	absenceDeletes
)

// judgeAbsence decides what follows. It changes nothing.
func (d draft) judgeAbsence(patience time.Duration, now time.Time) absence {
	since := d.now.MissingSince
	if since.IsZero() {
		since = now
	}
	switch said := d.scope.Has(lockstep.ScopeDeleted); {
	case d.now.State == lockstep.AccountDeleted, d.former() && d.now.Deletion != lockstep.DeletionApproved:
		return absenceExpected
	case !d.stored:
		return absenceStranger
	case d.now.Deletion.Waits():
		return absenceWaits
	case said, d.scope.Has(lockstep.ScopeMissing) && now.Sub(since) >= patience:
		return absenceDeletes
	case d.scope.Has(lockstep.ScopeMissing):
		return absenceDoubtful
	}
	return absenceUnconfirmed
}

// firstSightTries is how often we look for an account that is new before we park its key.
// Clerk is eventually consistent: its event may be faster than its list.
const firstSightTries = 4

// stranger ends the run of an account that neither we nor the directory know.
func (i identities) stranger(ctx context.Context, d *draft) error {
	if redirected, err := i.succession.redirect(ctx, d); redirected || err != nil {
		return err
	}
	switch {
	case d.scope.Has(lockstep.ScopeDeleted):
		return nil // it came and went before we looked
	case d.claim.Attempt < firstSightTries:
		return fmt.Errorf("the directory does not know %s yet", d.account)
	}
	return &lockstep.ParkError{Reason: "the directory does not know " + d.account.String(),
		WaitsFor: []lockstep.Key{d.account.Key()}}
}

// wakeExternal marks the customers and payments that wait for the external id of a new user:
// metadata may name the user by that id.
func (i identities) wakeExternal(ctx context.Context, d *draft, identity lockstep.Identity) error {
	named, err := lockstep.NewAccount(lockstep.User, identity.ExternalID)
	if d.stored || err != nil || d.account.Kind != lockstep.User {
		return nil //nolint:nilerr // no external id, or one that metadata cannot name
	}
	waiting, err := i.store.WaitingFor(ctx, named.Key())
	if err != nil {
		return fmt.Errorf("list what waits for an external id: %w", err)
	}
	for _, key := range waiting {
		d.mark(lockstep.Mark{Key: key, Scope: lockstep.ScopeAll, Priority: lockstep.Normal})
	}
	return nil
}
