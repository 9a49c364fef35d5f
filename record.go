package lockstep

import (
	"context"
	"time"
)

// AccountState says what the identity directory said of an account.
type AccountState string

// The states of an account.
const (
	AccountActive  AccountState = "active"
	AccountDeleted AccountState = "deleted" // a tombstone: the link is kept, and nothing is created anew
)

// Record is all that we keep about an account.
type Record struct {
	Account           Account
	State             AccountState
	Email             string // as the directory last said
	EmailVerified     bool   // the directory has verified Email
	Name              string
	IdentityUpdatedAt int64 // the directory's time stamp of what we know, in milliseconds

	Members     int64 // of an organization, as the directory last said; 0: not known
	MemberLimit int64 // how many it may have; 0: no limit
	// Departed are the users who bought for the organization and are not among its members.
	Departed []string

	CustomerID         string // the primary customer; empty: none
	CustomerEmail      string // the directory's value that was last written, or left out for somebody else's
	CustomerName       string // likewise
	CustomerDeleted    bool   // Stripe says that the primary customer is deleted
	CustomerGeneration int    // how many customers have been begun
	Intent             *Intent

	Further []Link // the customers beside the primary one, the oldest link first

	Subscriptions []Subscription // of all customers, as last observed
	Licenses      []License      // written with their payments, see [Accounts.SaveLicense]
	Entitlements  []string       // features by Stripe's entitlements, where they are read; sorted
	PaysFor       []Sponsorship  // of a user: subscriptions they bought for organizations they belong to

	Projected map[string]any // our keys of the directory's metadata, as last written
	// PacedUntil is from when on the metadata may be written at its even pace: a write that
	// is begun moves it, so that the directory's limit for one account is kept.
	PacedUntil time.Time
	// EntitledBy is the subscription or license that granted access first, as the last
	// run that was saved found; empty: nothing did. See [NoticeAccessEnded].
	EntitledBy string
	Deletion   DeletionState // written by [Deletions]; empty: nobody said that it is gone
	DeletionAt time.Time     // when that changed last
	Problems   []Problem     // steps that a provider refused, oldest first

	// InstanceGeneration is that of the instance in which the identity was last seen, see
	// [Instance]. One below the accepted instance's is a former account: that the
	// directory does not list it says nothing.
	InstanceGeneration int64
	MissingSince       time.Time // since when the directory does not know it, where only its absence says so
	Candidate          string    // the id of a former account with the same verified address; empty: none
	Misnamed           bool      // the customer's metadata names a former account

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Live reports whether the account's customer can be bought with.
func (r Record) Live() bool { return r.CustomerID != "" && !r.CustomerDeleted }

// Intent is a customer's creation that was begun. It is stored before Stripe is
// called, so that whoever goes on after a crash sends the same parameters under
// the same idempotency key and gets the same customer.
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

// AccountUpdate is what a run of an account's key writes, up to a thousand rows in one transaction.
type AccountUpdate struct {
	Record  Record
	Notices []Notice // stored if new
	Marks   []Mark
	// TrialAddresses are e-mail addresses that have had a trial, see [Purchases]. Only
	// hashes of them are stored.
	TrialAddresses []string
}

// Accounts keeps accounts, their links to customers and what was bought.
type Accounts interface {
	Links
	// Account returns the record of an account, or ErrNotFound.
	Account(ctx context.Context, account Account) (Record, error)
	// AccountsAfter returns up to limit accounts in the order of kind and id.
	AccountsAfter(ctx context.Context, after Account, limit int) ([]Account, error)
	// Troubled returns up to limit accounts that have problems, in the order of kind and id.
	Troubled(ctx context.Context, after Account, limit int) ([]Troubled, error)
	// Save writes what a run found out about its account, and its subscriptions;
	// licenses and sponsorships of the record are not written. The primary customer is
	// only ever added, or replaced: when it is deleted, or by a further customer whose
	// link is proven; else ErrLinked. Of further customers it writes that they are
	// deleted, and that a claimed one is proven by now; it neither adds nor removes any,
	// but for the primary one that was replaced. What waits for the account, or for its
	// customer, is marked when the account is new or the link is; more than 250 keys are
	// marked by runs of [KeyWake]. A change of more than a thousand rows takes several
	// transactions: after an error, save it again. ErrLeaseLost when the claim is not the
	// current one.
	Save(ctx context.Context, claim Claim, update AccountUpdate) error
	// SaveProjected records what the directory's metadata now holds under our keys.
	SaveProjected(ctx context.Context, claim Claim, account Account, projected map[string]any) error
	// SaveLicense stores or updates a license, stores its notices if new, and marks
	// its account. A license never changes its account.
	SaveLicense(ctx context.Context, claim Claim, license License, notices []Notice) error
	// SaveNotices stores the notices of an account that are new. ErrNotFound when the account is
	// unknown, ErrLeaseLost when the claim is not the current one.
	SaveNotices(ctx context.Context, claim Claim, account Account, notices []Notice) error
	// AccountOfLicense returns the account of a checkout session's license, or ErrNotFound.
	AccountOfLicense(ctx context.Context, checkoutID string) (Account, error)
	// LicenseOfPayment returns the license of a payment intent, or ErrNotFound.
	LicenseOfPayment(ctx context.Context, paymentID string) (License, error)
	// Forget blanks the bodies of the events that are about a deleted account, its customers
	// and its payments, a thousand in a transaction, and returns how many this call blanked, also with an
	// error: call it again for the rest. ErrInUse when it is not deleted,
	// ErrNotFound. Address and name went when it was deleted.
	Forget(ctx context.Context, account Account) (events int64, err error)
	// Notices returns what there is to tell about an account, oldest first.
	Notices(ctx context.Context, account Account) ([]Notice, error)
	// Notice returns a notice, or ErrNotFound. One that is new when it is stored marks
	// its key ([KeyNotice]) in the same transaction.
	Notice(ctx context.Context, id string) (Notice, error)
}
