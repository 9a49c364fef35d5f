package lockstep

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// DeletionState is the state of an account's deletion after the directory deleted the identity.
type DeletionState string

// The states of a deletion.
const (
	DeletionBegun     DeletionState = "begun"     // in progress or done, by the policy
	DeletionHeld      DeletionState = "held"      // held by the brake until an operator decides
	DeletionApproved  DeletionState = "approved"  // an operator approved it
	DeletionDiscarded DeletionState = "discarded" // an operator discarded it; the billing continues
	// DeletionRefused: Stripe refused to end the billing of a started or approved deletion. Every run
	// of the account retries it. A record shows it as a problem of [StepDeletion].
	DeletionRefused DeletionState = "refused"
)

// Waits reports whether the account is treated as not deleted.
func (s DeletionState) Waits() bool { return s == DeletionHeld || s == DeletionDiscarded }

// Brake holds bulk deletions. A script that ran wild or another instance's key is more likely than a
// company whose users all leave.
type Brake struct {
	Limit  int           // deletions allowed per window; 0 means 20
	Window time.Duration // 0 means 10 minutes
	Share  int           // percent of the linked accounts allowed per window, at least five accounts; 0 means 5
}

// leastLimit is the minimum for the share: five percent of ten test users is less than one.
const leastLimit = 5

// WithDefaults returns the brake with defaults for zero fields.
func (b Brake) WithDefaults() Brake {
	if b.Limit == 0 {
		b.Limit = 20
	}
	if b.Window == 0 {
		b.Window = 10 * time.Minute
	}
	if b.Share == 0 {
		b.Share = 5
	}
	return b
}

// Validate returns all problems, joined.
func (b Brake) Validate() error {
	var problems []error
	if b.Limit < 0 || b.Window < 0 {
		problems = append(problems, errors.New("deletions: brake and window must not be negative; to disable the brake, set a very high brake and share = 100"))
	}
	if b.Share < 0 || b.Share > 100 {
		problems = append(problems, errors.New("deletions.share: use a percentage from 1 to 100"))
	}
	return errors.Join(problems...)
}

// Counted returns how many linked accounts must be counted to apply the share. Above that number
// the limit decides.
func (b Brake) Counted() int { return b.Limit * 100 / b.Share }

// Allowed returns how many deletions may start in a window with the given number of linked accounts.
// Counting up to [Brake.Counted] is enough.
func (b Brake) Allowed(linked int) int { return min(b.Limit, max(leastLimit, linked*b.Share/100)) }

// Deletion is an account whose identity the directory deleted.
type Deletion struct {
	Account Account
	State   DeletionState
	At      time.Time // when State last changed
}

// Deletions stores deletions and the brake's count. The count is in the database, so restarts and
// replicas share it.
type Deletions interface {
	// BeginDeletion starts the deletion of an account, or holds it if the brake is reached. While any
	// deletion is held, new ones are held too. An operator's earlier decision stands. tripped
	// reports that this is the first held deletion. ErrLeaseLost if the claim is stale, ErrNotFound if
	// the account is unknown.
	BeginDeletion(ctx context.Context, claim Claim, account Account, brake Brake) (state DeletionState, tripped bool,
		err error)
	// ForgetDeletion removes the deletion of an account whose identity exists after all.
	ForgetDeletion(ctx context.Context, claim Claim, account Account) error
	// DeletionsIn returns up to limit deletions in a state, the oldest first.
	DeletionsIn(ctx context.Context, state DeletionState, limit int) ([]Deletion, error)
	// DeletionTally counts deletions by state.
	DeletionTally(ctx context.Context) (map[DeletionState]int64, error)
	// DecideDeletions approves or discards held deletions: those of the named accounts, or all of them
	// if none is named. For named accounts it can also reverse a discarded deletion and, by approving,
	// retry a refused one. It marks the accounts and resets the brake's count. It returns the
	// accounts that it decided, about 300 per transaction, also with an error: call it again for the
	// rest. ErrNotFound if a named account has no deletion to decide; nothing changes then.
	DecideDeletions(ctx context.Context, decision DeletionState, accounts []Account) ([]Account, error)
}

// EmptyPolicy says what happens to the billing of an organization without members.
type EmptyPolicy string

// The policies. Each also reports the organization as a problem.
const (
	EmptyReport EmptyPolicy = "report"               // the default: the billing continues
	EmptyEnd    EmptyPolicy = "cancel_at_period_end" // subscriptions end with the paid period
	EmptyCancel EmptyPolicy = "cancel"               // subscriptions are canceled now
)

// Validate rejects an unknown policy.
func (p EmptyPolicy) Validate() error {
	switch p {
	case "", EmptyReport, EmptyEnd, EmptyCancel:
		return nil
	}
	return fmt.Errorf("on_organization_empty: %q is not a policy; use %q, %q or %q", string(p), EmptyReport, EmptyEnd,
		EmptyCancel)
}
