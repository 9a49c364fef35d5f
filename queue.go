package lockstep

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// KeyKind says what sort of thing a key names.
type KeyKind string

// The kinds of key. KeyUser and KeyOrganization equal the kinds of account.
const (
	KeyUser         KeyKind = "user"
	KeyOrganization KeyKind = "organization"
	KeyCustomer     KeyKind = "customer"  // a Stripe customer that is not linked yet
	KeyCheckout     KeyKind = "checkout"  // a one-time payment's checkout session
	KeyPayment      KeyKind = "payment"   // a payment intent whose checkout session is to be found
	KeyObject       KeyKind = "object"    // an object of Stripe's of which a thin event gave only the id
	KeySweep        KeyKind = "sweep"     // a periodic look at everything
	KeyNotice       KeyKind = "notice"    // a notice that is to be handed to its channels: "notice/<notice id>"
	KeyEmail        KeyKind = "mail"      // a notice that is to be mailed: "mail/<notice id>"
	KeyBuyerEmail   KeyKind = "buyermail" // the same, to the address typed at checkout: "buyermail/<notice id>"
	// KeyWake is an account or customer that more keys wait for than one transaction marks: "wake/<its key>".
	KeyWake    KeyKind = "wake"
	KeyWebhook KeyKind = "hook" // a notice for an endpoint: "hook/<endpoint id>/<notice id>"
)

// Key names one thing that may be out of step and must be looked at. One key is
// never worked on twice at once.
type Key struct {
	Kind KeyKind
	ID   string
}

// String is the key's canonical form, "kind/id".
func (k Key) String() string { return string(k.Kind) + "/" + k.ID }

// IsZero reports whether k names nothing.
func (k Key) IsZero() bool { return k == Key{} }

// Wake is the key whose runs mark the keys that wait for k, see [Queue.Wake].
func (k Key) Wake() Key { return Key{KeyWake, k.String()} }

// Account returns the account that k names, and whether it names one.
func (k Key) Account() (Account, bool) {
	if k.Kind == KeyUser || k.Kind == KeyOrganization {
		return Account{Kind(k.Kind), k.ID}, true
	}
	return Account{}, false
}

// ParseKey reads what [Key.String] writes.
func ParseKey(s string) (Key, error) {
	kind, id, found := strings.Cut(s, "/")
	if !found || kind == "" || id == "" {
		return Key{}, fmt.Errorf("key %q is not of the form kind/id", s)
	}
	return Key{KeyKind(kind), id}, nil
}

// Scope says what about a key may have changed, so that a run reads no more of
// the providers than that. Scopes of several marks add up.
type Scope uint32

// The scopes. A run with scope 0 only decides anew from what the database holds.
const (
	ScopeIdentity      Scope = 1 << iota // the directory's user or organization
	ScopeCustomer                        // the Stripe customer itself
	ScopeSubscriptions                   // its subscriptions
	ScopePayments                        // its one-time payments
	ScopePurchase                        // somebody is about to buy: there must be a customer
	ScopeDeleted                         // somebody said that the identity is gone: confirm it
	ScopeMembers                         // who belongs to the organization
	ScopeMissing                         // the directory's list lacks the identity: ask, and ask again later
	ScopeSuccession                      // an operator gave it a former account

	ScopeAll = ScopeIdentity | ScopeCustomer | ScopeSubscriptions | ScopePayments
)

// Has reports whether any bit of t is in s.
func (s Scope) Has(t Scope) bool { return s&t != 0 }

// Priority orders due work. Lower goes first.
type Priority int

// The priorities: somebody waits, something happened, nobody waits.
const (
	Interactive Priority = 0
	Normal      Priority = 1
	Background  Priority = 2
)

// Mark says that a key may be out of step. Marking is idempotent in effect:
// however often a key is marked before it is claimed, it is run once.
type Mark struct {
	Key      Key
	Scope    Scope
	Priority Priority
	Delay    time.Duration // how long to wait at least, so that a burst is one run
}

// Claim is the right to work on a key until the lease ends. Every write that a
// run makes carries it; a write whose claim is no longer the current one fails
// with [ErrLeaseLost] and changes nothing.
type Claim struct {
	Key        Key
	Scope      Scope
	Priority   Priority
	Generation int64 // what is done when this run is done
	Attempt    int   // 1 for the first try
	Token      string
	LeaseUntil time.Time
}

// ClaimRequest says what to claim.
type ClaimRequest struct {
	Limit       int           // at most so many keys
	Lease       time.Duration // for so long
	MaxPriority Priority      // nothing less urgent than this
}

// Disposition is how a run of a key ended.
type Disposition string

// How a run may end. The contract is controller-runtime's: an error means
// backoff, a terminal error is recorded and not retried until the next mark.
const (
	Done   Disposition = "done"   // in step as of the claimed generation
	Retry  Disposition = "retry"  // failed; try again at Outcome.At
	Parked Disposition = "parked" // belongs to nobody known; waits for a link or an account
	Failed Disposition = "failed" // will not succeed by trying again
)

// Outcome ends a claim.
type Outcome struct {
	Disposition Disposition
	At          time.Time // Retry: when. Done and Failed: look again then, if not zero
	Scope       Scope     // Done and Failed with At: the scope of that look
	Untried     bool      // Retry: it was no try and does not count as an attempt
	Reason      string    // why, for all but Done; safe to show, holds no personal data
	WaitsFor    []Key     // Parked: a link or first sight of one of these takes it up again, as any mark on it does
}

// Work is the queue's row of one key, for people and tests to look at.
type Work struct {
	Key            Key
	Scope          Scope
	Priority       Priority
	Generation     int64
	DoneGeneration int64
	RunAt          time.Time
	LeaseUntil     time.Time // zero when nobody holds it
	Attempts       int
	Disposition    Disposition // of the last run; empty before the first
	Reason         string
}

// Pending reports whether the key has been marked since it was last done.
func (w Work) Pending() bool { return w.Generation > w.DoneGeneration }

// Queue is the durable set of keys that may be out of step: one row a key, two
// counters and a lease.
type Queue interface {
	// Mark raises the generation of each key, adds the scopes up and keeps the more
	// urgent priority and the earlier time; except that a key in backoff keeps its
	// time, unless the mark is [Interactive]: then it waits at most five seconds. A mark
	// that adds nothing to what is pending, and that no claim has taken yet, changes nothing.
	// A mark on a customer that is linked lands on the account it is linked to. After an error some of
	// more than a thousand marks may be made.
	Mark(ctx context.Context, marks ...Mark) error
	// Claim leases due keys that nobody holds, the most urgent and oldest first; at most a thousand.
	Claim(ctx context.Context, request ClaimRequest) ([]Claim, error)
	// Finish ends a claim; a mark made meanwhile leaves the key pending. It settles
	// the key's events, a thousand in a transaction; after an error, call it again. It returns
	// ErrLeaseLost, and changes nothing more, when the claim is not the current one.
	Finish(ctx context.Context, claim Claim, outcome Outcome) error
	// NextDue is when the earliest pending key becomes claimable; false: none is
	// pending. A key that is held becomes claimable when its lease ends.
	NextDue(ctx context.Context, maxPriority Priority) (time.Time, bool, error)
	// Work returns the row of a key, or ErrNotFound.
	Work(ctx context.Context, key Key) (Work, error)
	// Backlog returns pending keys and those whose last run failed or parked, by key.
	Backlog(ctx context.Context, limit int) ([]Work, error)
	// Wake marks up to 500 keys that wait for the key that a claim of [KeyWake] names, and moves up to 500
	// open events of a customer to its account, or of a former account to its successor. It reports whether
	// there is more to do. Save, Link and Succeed mark such a key when they cannot do it in their transaction.
	Wake(ctx context.Context, claim Claim) (more bool, err error)
	// WaitingFor returns the parked keys that wait for key.
	WaitingFor(ctx context.Context, key Key) ([]Key, error)
}
