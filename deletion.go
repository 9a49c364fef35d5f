package lockstep

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// DeletionState says how far the deletion of an account is, which the directory has
// said to be gone.
type DeletionState string

// The states of a deletion.
const (
	DeletionBegun     DeletionState = "begun"     // it is done as the policy says
	DeletionHeld      DeletionState = "held"      // by the brake: it waits for an operator
	DeletionApproved  DeletionState = "approved"  // by an operator
	DeletionDiscarded DeletionState = "discarded" // by an operator: the billing goes on, as if nobody had said so
	// DeletionRefused: begun or approved, but Stripe refused to end the billing. It is tried
	// again with every look at the account. Records say it by a problem of [StepDeletion].
	DeletionRefused DeletionState = "refused"
)

// Waits reports whether the account is to be treated as if it were not deleted.
func (s DeletionState) Waits() bool { return s == DeletionHeld || s == DeletionDiscarded }

// Brake holds deletions that come in bulk: more likely than a company whose users all
// leave is a script that ran wild, or the key of another instance.
type Brake struct {
	Limit  int           // so many deletions in the window; 0 means 20
	Window time.Duration // 0 means 10 minutes
	Share  int           // or so many percent of the linked accounts, though at least five; 0 means 5
}

// leastLimit is what the share never goes below: of ten test users, five percent is
// less than one.
const leastLimit = 5

// WithDefaults fills in what is left out.
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

// Validate reports every problem at once.
func (b Brake) Validate() error {
	var problems []error
	if b.Limit < 0 || b.Window < 0 {
		problems = append(problems, errors.New("deletions: the brake's limit or window is negative; to do without a brake, set a limit that is never reached and share = 100"))
	}
	if b.Share < 0 || b.Share > 100 {
		problems = append(problems, errors.New("deletions: the brake's share is not a percentage"))
	}
	return errors.Join(problems...)
}

// Counted is how many linked accounts must be counted to know the share: above that,
// the limit is what counts.
func (b Brake) Counted() int { return b.Limit * 100 / b.Share }

// Allowed is how many deletions may begin in a window where so many accounts are
// linked, of which no more than [Brake.Counted] need be counted.
func (b Brake) Allowed(linked int) int { return min(b.Limit, max(leastLimit, linked*b.Share/100)) }

// Deletion is an account that the directory said to be gone.
type Deletion struct {
	Account Account
	State   DeletionState
	At      time.Time // of the last change
}

// Deletions keeps the brake. What it counts is in the database, so that neither a
// restart nor another replica begins anew.
type Deletions interface {
	// BeginDeletion says whether an account may be deleted: it then is begun, else held.
	// While any is held, all further ones are. What an operator decided holds; tripped
	// reports that this is the first that is held. ErrLeaseLost when the claim is not the
	// current one, ErrNotFound when there is no such account.
	BeginDeletion(ctx context.Context, claim Claim, account Account, brake Brake) (state DeletionState, tripped bool,
		err error)
	// ForgetDeletion: the account was not deleted after all.
	ForgetDeletion(ctx context.Context, claim Claim, account Account) error
	// DeletionsIn returns up to limit deletions of a state, the oldest first.
	DeletionsIn(ctx context.Context, state DeletionState, limit int) ([]Deletion, error)
	// DeletionTally counts deletions by state.
	DeletionTally(ctx context.Context) (map[DeletionState]int64, error)
	// DecideDeletions approves or discards the deletions that are held at the call, and of the named
	// accounts also what was discarded. It approves named accounts that are refused, which
	// tries them again. It marks the accounts, and resets the count of the brake. It
	// returns the accounts that this call decided, about 300 in a transaction, also with an
	// error: call it again for the rest. It returns ErrNotFound, and decides none, when a named
	// account's deletion does not wait for a decision.
	DecideDeletions(ctx context.Context, decision DeletionState, accounts []Account) ([]Account, error)
}

// EmptyPolicy says what becomes of the billing of an organization that has no members left.
type EmptyPolicy string

// The policies. Each reports the organization.
const (
	EmptyReport EmptyPolicy = "report"               // the default: the billing goes on
	EmptyEnd    EmptyPolicy = "cancel_at_period_end" // subscriptions end with what is paid for
	EmptyCancel EmptyPolicy = "cancel"               // subscriptions are canceled now
)

// Validate reports a policy that does not exist.
func (p EmptyPolicy) Validate() error {
	switch p {
	case "", EmptyReport, EmptyEnd, EmptyCancel:
		return nil
	}
	return fmt.Errorf("on_organization_empty: %q is not a policy; use %q, %q or %q", string(p), EmptyReport, EmptyEnd,
		EmptyCancel)
}
