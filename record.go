package lockstep

import (
	"context"
	"time"
)

// AccountState is the state of an account in the identity directory.
type AccountState string

// The states of an account.
const (
	AccountActive  AccountState = "active"
	AccountDeleted AccountState = "deleted" // a tombstone: the links stay, so a late event creates nothing
)

// Record is everything that we store about an account.
type Record struct {
	Account           Account
	State             AccountState
	Email             string // the directory's last value
	EmailVerified     bool   // the directory has verified Email
	Name              string
	IdentityUpdatedAt int64 // the directory's timestamp of these values, in Unix milliseconds

	Members     int64 // members of an organization; 0: unknown
	MemberLimit int64 // the most members the organization may have; 0: no limit
	// Departed are the users who bought for the organization and are no longer members.
	Departed []string

	CustomerID         string // the primary customer; empty: none
	CustomerEmail      string // the directory's value that we last wrote, or decided not to write over an edit
	CustomerName       string // likewise
	CustomerDeleted    bool   // Stripe says that the primary customer is deleted
	CustomerGeneration int    // how many customer creations have started
	Intent             *Intent

	Further []Link // the further customers, the oldest link first

	Subscriptions []Subscription // of all customers, as last observed
	Licenses      []License      // saved with their payments, see [Accounts.SaveLicense]
	Entitlements  []string       // Stripe's entitlements, if they are read; sorted
	PaysFor       []Sponsorship  // subscriptions that this user bought for their organizations

	Projected map[string]any // our keys in the directory's metadata, as last written
	// PacedUntil is the earliest time of the next metadata write. Each write moves it, which keeps the
	// directory's rate limit per account.
	PacedUntil time.Time
	// EntitledBy is the subscription or license that granted access in the last saved run; empty:
	// nothing did. See [NoticeAccessEnded].
	EntitledBy string
	// Standing is what the last run that saved the account concluded.
	Standing Standing
	// Notified is the digest of the access that endpoints were last notified of, written by
	// [Webhooks].NotifyAccess; empty: none.
	Notified   string
	Deletion   DeletionState // written by [Deletions]; empty: no deletion
	DeletionAt time.Time     // when Deletion last changed
	Problems   []Problem     // steps that a provider refused, oldest first

	// InstanceGeneration is the generation of the Clerk instance that last listed the identity, see
	// [Instance]. An account of an older generation is a former account: its absence from the
	// directory proves nothing.
	InstanceGeneration int64
	MissingSince       time.Time // since when the directory lacks the identity, without an event that says deleted
	Candidate          string    // the id of a former account with the same verified address; may be empty
	Misnamed           bool      // the customer's metadata names a former account

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Live reports whether the account has a primary customer that Stripe has not deleted.
func (r Record) Live() bool { return r.CustomerID != "" && !r.CustomerDeleted }

// Intent is a customer creation in progress. It is stored before the call to Stripe. After a crash
// the next run sends the same parameters under the same idempotency key and gets the same customer.
type Intent struct {
	Key   string // the idempotency key
	Email string
	Name  string
	At    time.Time // of the first call; Stripe may forget the key 24 hours later
}

// Sponsorship is a subscription that a user bought for an organization.
type Sponsorship struct {
	Account      Account
	CustomerID   string
	Subscription Subscription
}

// AccountUpdate is what a run of an account's key writes to the store.
type AccountUpdate struct {
	Record  Record
	Notices []Notice // stored if they are new
	Marks   []Mark
	// TrialAddresses are e-mail addresses that used a trial, see [Purchases]. The store keeps only
	// their hashes.
	TrialAddresses []string
}

// Accounts stores accounts, their links to customers, and their purchases.
type Accounts interface {
	Links
	// Account returns the record of an account, or ErrNotFound.
	Account(ctx context.Context, account Account) (Record, error)
	// AccountsAfter returns up to limit accounts after the given one, ordered by kind and id.
	AccountsAfter(ctx context.Context, after Account, limit int) ([]Account, error)
	// Troubled returns up to limit accounts with problems after the given one, ordered by kind and id.
	Troubled(ctx context.Context, after Account, limit int) ([]Troubled, error)
	// Save writes the record and its subscriptions. It does not write licenses and sponsorships.
	//
	// It sets the primary customer if there is none, and replaces it only if it is deleted or if a
	// proven further customer takes its place; otherwise it returns ErrLinked. For further customers
	// it writes Deleted and a rise of trust. It neither adds nor removes further customers, except
	// that a replaced primary becomes one.
	//
	// If the account or its link is new, Save marks the keys that wait for it. Runs of [KeyWake] mark
	// the rest if more than 250 keys wait. More than a thousand rows take several transactions: after
	// an error, save again. ErrLeaseLost if the claim is stale.
	Save(ctx context.Context, claim Claim, update AccountUpdate) error
	// SaveProjected stores the current values of our keys in the directory's metadata.
	SaveProjected(ctx context.Context, claim Claim, account Account, projected map[string]any) error
	// SaveLicense inserts or updates a license, stores its new notices, and marks its account. A
	// license never moves to another account.
	SaveLicense(ctx context.Context, claim Claim, license License, notices []Notice) error
	// SaveNotices stores the notices of an account that are new. ErrNotFound when the account is
	// unknown, ErrLeaseLost when the claim is not the current one.
	SaveNotices(ctx context.Context, claim Claim, account Account, notices []Notice) error
	// AccountOfLicense returns the account of a checkout session's license, or ErrNotFound.
	AccountOfLicense(ctx context.Context, checkoutID string) (Account, error)
	// LicenseOfPayment returns the license of a payment intent, or ErrNotFound.
	LicenseOfPayment(ctx context.Context, paymentID string) (License, error)
	// Forget erases the bodies of events about a deleted account, its customers and its payments, a
	// thousand per transaction. The deletion itself has removed address and name. Forget returns how
	// many bodies it erased, also with an error: call it again for the rest. ErrInUse if the account
	// is not deleted, ErrNotFound if it is unknown.
	Forget(ctx context.Context, account Account) (events int64, err error)
	// Notices returns an account's notices, oldest first.
	Notices(ctx context.Context, account Account) ([]Notice, error)
	// Notice returns a notice, or ErrNotFound. Storing a new notice marks its key ([KeyNotice]) in the
	// same transaction.
	Notice(ctx context.Context, id string) (Notice, error)
}
