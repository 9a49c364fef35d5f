package lockstep

import (
	"context"
	"time"
)

// Instance is the Clerk instance, or the Stripe mode, that the database belongs to. Under another
// instance's key every known user looks deleted, so Lockstep must neither delete nor create anything.
type Instance struct {
	Provider   Source
	ID         string // ins_… of Clerk; "live" or "test" of Stripe
	Generation int64  // how many instances were accepted before this one
	KeyDigest  string // identifies the key with which ID was last read
	AcceptedAt time.Time

	Waiting      string // the instance of the current key, if it is not accepted yet; may be empty
	WaitingSince time.Time
}

// Succession maps an account of a former instance to its successor, which gets its customers, licenses
// and history.
type Succession struct {
	From, To Account // of the same kind
	// Generation is the generation of the instance in which To was seen.
	Generation int64
	// CustomerID is the customer of From if only Stripe knows it; otherwise empty.
	CustomerID string
}

// FormerAccount is an account of a former instance without a successor.
type FormerAccount struct {
	Account    Account
	Generation int64  // the generation of the instance in which it was last seen
	CustomerID string // may be empty
}

// Instances stores the accepted instances and the successions of accounts.
type Instances interface {
	// Instance returns the accepted instance of a provider. ErrNotFound before the first
	// [Instances.MeetInstance].
	Instance(ctx context.Context, provider Source) (Instance, error)
	// MeetInstance records the instance of the current key. The first instance is accepted; any other
	// waits for an operator.
	MeetInstance(ctx context.Context, provider Source, id, keyDigest string) (Instance, error)
	// AcceptInstance accepts the waiting instance and makes the marks. Accepting the accepted instance
	// again has no effect. ErrNotFound if the given instance is not waiting.
	AcceptInstance(ctx context.Context, provider Source, id string, marks ...Mark) (Instance, error)
	// Succeed moves the customers, subscriptions, licenses, notices and open events of the former account
	// to the successor and removes the former account, whose id then leads to the successor. The former
	// account's primary customer replaces the successor's if that has no running subscription; the
	// other one becomes a further customer. The claim is on the successor's key. ErrNotFound if the
	// former account is unknown, ErrInUse if it was seen in the successor's instance, ErrBusy while a
	// customer is being created for the successor.
	Succeed(ctx context.Context, claim Claim, s Succession) error
	// Successor returns the successor of a former account, or ErrNotFound.
	Successor(ctx context.Context, former Account) (Account, error)
	// OrderSuccession records an operator's decision that to succeeds from, and marks to. ErrNotFound if
	// either is unknown, ErrInUse if from was seen in the accepted instance.
	OrderSuccession(ctx context.Context, from, to Account) error
	// OrderedPredecessors returns the former accounts that an operator assigned to an account and that
	// [Instances.Succeed] has not moved yet.
	OrderedPredecessors(ctx context.Context, to Account) ([]Account, error)
	// FormerAccounts returns up to limit former accounts after the given one, ordered by generation,
	// kind and id.
	FormerAccounts(ctx context.Context, after FormerAccount, limit int) ([]FormerAccount, error)
	// FormerByEmail returns up to 10 active former accounts with an e-mail address.
	FormerByEmail(ctx context.Context, kind Kind, email string) ([]Account, error)
}
