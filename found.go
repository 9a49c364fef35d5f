package lockstep

import (
	"context"
	"time"
)

// AccountFilter selects accounts. An empty field selects all.
type AccountFilter struct {
	// Text is what an operator has: an account (user/user_2x), the beginning of its id or of its e-mail
	// address in any case, or the whole id of a customer (cus_), a subscription (sub_), a payment (pi_) or a
	// checkout session (cs_). Payments and sessions are those of licenses.
	Text     string
	Kind     Kind
	State    AccountState
	Status   string // [Standing.Status]
	Plan     string
	Concern  Concern
	Problems bool   // only accounts with problems
	Limit    int    // 0 means 50
	After    string // the Next of the page before
}

// AccountMatch says by what a text found an account.
type AccountMatch string

// The matches.
const (
	MatchedAccount      AccountMatch = "account" // its id, or the beginning of it
	MatchedEmail        AccountMatch = "email"
	MatchedCustomer     AccountMatch = "customer"         // the primary customer
	MatchedFurther      AccountMatch = "further_customer" // a further or former customer
	MatchedSubscription AccountMatch = "subscription"
	MatchedPayment      AccountMatch = "payment"
	MatchedCheckout     AccountMatch = "checkout"
)

// FoundAccount is an account in a list.
type FoundAccount struct {
	Account    Account
	State      AccountState
	Email      string
	Name       string
	CustomerID string // the primary customer; may be empty
	Standing   Standing
	Problems   bool // it has problems
	UpdatedAt  time.Time
	Matched    AccountMatch // empty without a text
}

// AccountPage is a page of accounts.
type AccountPage struct {
	Accounts []FoundAccount
	// Next continues after the page; empty at the end. A page may have fewer accounts than its limit, or none,
	// and still a next one.
	Next string
}

// AccountSearch finds accounts, and counts those that need a person.
type AccountSearch interface {
	// FindAccounts returns a page of accounts: the longest concern first with a Concern, by e-mail address when
	// that matched, otherwise by kind and id. ErrInvalid if the text cannot be an account, or the cursor belongs to
	// another search.
	FindAccounts(ctx context.Context, filter AccountFilter) (AccountPage, error)
	// Attention counts what needs a person. paying are the types of events whose bodies say what was paid.
	Attention(ctx context.Context, paying []string) (Attention, error)
}

// Tally is a bounded count, with the time of the oldest.
type Tally struct {
	Count  int64     // at most [MostCounted]
	More   bool      // there are or may be more
	Oldest time.Time // zero: there is none, or it is not known
}

// MostParkedBodies is the most events of parked payments that [Attention] holds.
const MostParkedBodies = 200

// Attention is what needs a person. Each count stops at [MostCounted].
type Attention struct {
	Concerns     map[Concern]ConcernTally
	Unclassified Tally // accounts without a standing yet
	Problems     Tally // accounts with problems
	Held         Tally // deletions that the brake holds
	// Parked are keys of customers, checkouts, payments and objects that wait for a link or an account; Oldest is
	// when the oldest of their parked events was received.
	Parked Tally
	// Paid are parked events of these keys, of the asked types and with their bodies; PaidMore says that there
	// may be others.
	Paid     []Event
	PaidMore bool
	Failed   Tally // keys whose work failed
}

// ConcernTally counts the accounts of a concern, and has the first five, the longest concern first.
type ConcernTally struct {
	Tally
	Reasons map[ConcernReason]int64 // counts by reason
	First   []FoundAccount
}
