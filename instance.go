package lockstep

import (
	"context"
	"time"
)

// Instance is where the database's accounts and customers live: a Clerk instance, or a mode
// of Stripe. A key of another instance must neither delete nor create anything: its
// directory lists none of our users, and each of them looks deleted.
type Instance struct {
	Provider   Source
	ID         string // ins_… of Clerk; "live" or "test" of Stripe
	Generation int64  // how many instances an operator accepted before this one
	KeyDigest  string // identifies the key that ID was last read with
	AcceptedAt time.Time

	Waiting      string // another instance that a key belongs to, and that is not accepted; empty: none
	WaitingSince time.Time
}

// Succession says that an account of a former instance is another account now. Its
// customers, licenses and history go to the successor.
type Succession struct {
	From, To Account // of the same kind
	// Generation is that of the instance in which To was seen.
	Generation int64
	// CustomerID is the customer of From where only Stripe knew it yet; else empty.
	CustomerID string
}

// FormerAccount is an account that was not seen since another instance was accepted, and
// that has no successor.
type FormerAccount struct {
	Account    Account
	Generation int64  // of the instance in which it was last seen
	CustomerID string // empty: none
}

// Instances keeps which instance the database belongs to, and who is whose successor.
type Instances interface {
	// Instance returns the accepted instance of a provider, or ErrNotFound before the first
	// [Instances.MeetInstance].
	Instance(ctx context.Context, provider Source) (Instance, error)
	// MeetInstance notes to which instance a key belongs. The first instance ever is
	// accepted; another one than the accepted waits for an operator.
	MeetInstance(ctx context.Context, provider Source, id, keyDigest string) (Instance, error)
	// AcceptInstance makes the instance that waits the accepted one, and marks keys. To accept
	// the accepted one again has no effect. ErrNotFound when the given instance does not wait.
	AcceptInstance(ctx context.Context, provider Source, id string, marks ...Mark) (Instance, error)
	// Succeed gives the successor the customers, subscriptions, licenses, notices and open
	// events of the former account, and removes the former account; its id leads to the
	// successor from then on. A primary customer of the successor without a running
	// subscription gives way, and becomes a further one; any other stays, and the former
	// account's becomes a further one. ErrNotFound when there is no such former account,
	// ErrInUse when it was seen in the successor's instance, and ErrBusy while a customer is
	// being created for the successor. The claim is one of the successor's key.
	Succeed(ctx context.Context, claim Claim, s Succession) error
	// Successor returns the account that a former one is now, or ErrNotFound.
	Successor(ctx context.Context, former Account) (Account, error)
	// OrderSuccession keeps an operator's word that a former account is another one, and
	// marks the successor. ErrNotFound when either is not known, ErrInUse when the former
	// account was seen in the accepted instance.
	OrderSuccession(ctx context.Context, from, to Account) error
	// OrderedPredecessors returns the former accounts that an operator gave to an account
	// and that are still to be carried over.
	OrderedPredecessors(ctx context.Context, to Account) ([]Account, error)
	// FormerAccounts returns up to limit former accounts after the given one, in the order
	// of generation, kind and id.
	FormerAccounts(ctx context.Context, after FormerAccount, limit int) ([]FormerAccount, error)
	// FormerByEmail returns the active former accounts with an e-mail address, and of these
	// at most 10.
	FormerByEmail(ctx context.Context, kind Kind, email string) ([]Account, error)
}
