package lockstep

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// KeyKind is the type of a key.
type KeyKind string

// The kinds of key. KeyUser and KeyOrganization equal the kinds of account.
const (
	KeyUser         KeyKind = "user"
	KeyOrganization KeyKind = "organization"
	KeyCustomer     KeyKind = "customer"  // a Stripe customer that is not linked yet
	KeyCheckout     KeyKind = "checkout"  // a checkout session of a one-time payment
	KeyPayment      KeyKind = "payment"   // a payment intent whose checkout session is not known yet
	KeyObject       KeyKind = "object"    // a Stripe object that a thin event named by id only
	KeySweep        KeyKind = "sweep"     // a periodic scan
	KeyNotice       KeyKind = "notice"    // a notice to dispatch to its channels: "notice/<notice id>"
	KeyEmail        KeyKind = "mail"      // an e-mail to the account: "mail/<notice id>"
	KeyBuyerEmail   KeyKind = "buyermail" // an e-mail to the address entered at checkout: "buyermail/<notice id>"
	// KeyWake wakes keys that wait for an account or customer, if they are too many for one
	// transaction: "wake/<its key>".
	KeyWake    KeyKind = "wake"
	KeyWebhook KeyKind = "hook" // a webhook to an endpoint: "hook/<endpoint id>/<subject>"
)

// Key names one thing that may be out of sync. A key never runs twice at once.
type Key struct {
	Kind KeyKind
	ID   string
}

// String returns the canonical form, "kind/id".
func (k Key) String() string { return string(k.Kind) + "/" + k.ID }

// IsZero reports whether k is the zero Key.
func (k Key) IsZero() bool { return k == Key{} }

// Wake returns the key whose runs wake the keys that wait for k, see [Queue.Wake].
func (k Key) Wake() Key { return Key{KeyWake, k.String()} }

// Account returns the account that k names. It returns false for other kinds of key.
func (k Key) Account() (Account, bool) {
	if k.Kind == KeyUser || k.Kind == KeyOrganization {
		return Account{Kind(k.Kind), k.ID}, true
	}
	return Account{}, false
}

// ParseKey parses the form that [Key.String] returns.
func ParseKey(s string) (Key, error) {
	kind, id, found := strings.Cut(s, "/")
	if !found || kind == "" || id == "" {
		return Key{}, fmt.Errorf("key %q: write it as kind/id, for example user/user_2x", s)
	}
	return Key{KeyKind(kind), id}, nil
}

// Scope says which parts of a key may have changed, so that a run reads only those from the
// providers. The scopes of several marks add up.
type Scope uint32

// The scopes. A run with scope 0 reads nothing and decides again from the database.
const (
	ScopeIdentity      Scope = 1 << iota // the directory's user or organization
	ScopeCustomer                        // the Stripe customer itself
	ScopeSubscriptions                   // its subscriptions
	ScopePayments                        // its one-time payments
	ScopePurchase                        // a purchase is starting: make sure that a customer exists
	ScopeDeleted                         // an event says that the identity was deleted: confirm it
	ScopeMembers                         // the organization's members
	ScopeMissing                         // the directory's list lacks the identity: confirm it twice
	ScopeSuccession                      // an operator assigned a former account to it
	ScopePaid                            // of a payment: an event says that it was paid
	ScopeVerify                          // the full verify wants to know what differs, see package drift

	ScopeAll = ScopeIdentity | ScopeCustomer | ScopeSubscriptions | ScopePayments
)

// Has reports whether any bit of t is in s.
func (s Scope) Has(t Scope) bool { return s&t != 0 }

// scopeNames are the names of the scopes, in the order of their bits.
var scopeNames = [...]string{"identity", "customer", "subscriptions", "payments", "purchase", "deleted", "members",
	"missing", "succession", "paid"}

// Names returns the names of the scopes in s.
func (s Scope) Names() (names []string) {
	for bit, name := range scopeNames {
		if s.Has(1 << bit) {
			names = append(names, name)
		}
	}
	return names
}

// Priority orders due work. Lower values go first.
type Priority int

// The priorities: a person is waiting, something happened, nothing is urgent.
const (
	Interactive Priority = 0
	Normal      Priority = 1
	Background  Priority = 2
)

// String returns the name of the priority.
func (p Priority) String() string {
	switch p {
	case Interactive:
		return "interactive"
	case Normal:
		return "normal"
	}
	return "background"
}

// Mark makes a key dirty: it may be out of sync. All marks before the next claim cause one run.
type Mark struct {
	Key      Key
	Scope    Scope
	Priority Priority
	Delay    time.Duration // the minimum wait, so that a burst causes one run
	// Gathers has the mark also wait for the end of the key's quiet period, see Outcome.QuietUntil.
	Gathers bool
	// Eager drops the Delay of a mark on a customer if it lands on an account without access, because
	// it may grant it.
	Eager bool
}

// Claim is a lease on a key. Every write of a run carries its claim. A write with a stale claim fails
// with [ErrLeaseLost] and changes nothing.
type Claim struct {
	Key        Key
	Scope      Scope
	Priority   Priority
	Generation int64 // the generation that this run completes
	Attempt    int   // 1 for the first try
	Token      string
	LeaseUntil time.Time
}

// ClaimRequest selects the keys to claim.
type ClaimRequest struct {
	Limit       int           // the most keys to claim
	Lease       time.Duration // the duration of the lease
	MaxPriority Priority      // skip less urgent keys
}

// Disposition says how a run ended.
type Disposition string

// The dispositions. As in controller-runtime, an error means backoff. A terminal error is recorded
// and retried only after the next mark.
const (
	Done   Disposition = "done"   // in sync as of the claimed generation
	Retry  Disposition = "retry"  // failed; retry at Outcome.At
	Parked Disposition = "parked" // no known account; waits for a link or an account
	Failed Disposition = "failed" // a retry cannot succeed

	// Dropped: an operator dropped it, see [Repairs]. No run ends so.
	Dropped Disposition = "dropped"
)

// Outcome is the result of a run. It ends the claim.
type Outcome struct {
	Disposition Disposition
	At          time.Time // Retry: when to retry. Done and Failed: when to run again; zero: not scheduled
	Scope       Scope     // Done and Failed with At: the scope of that run
	Untried     bool      // Retry: does not count as an attempt
	Reason      string    // for all but Done; safe to show, without personal data
	WaitsFor    []Key     // Parked: the key runs again once one of these is linked or first seen
	// QuietUntil, of Done and Failed, is until when marks that gather wait, also those made during the run, by the
	// clock of Claim.LeaseUntil. A time in the past ends the quiet period; zero leaves it as it was.
	QuietUntil time.Time
	// Run is the run's report, from which Finish makes its record; nil: the run leaves none.
	Run *RunReport
}

// Work is the queue's row of one key, for operators and tests.
type Work struct {
	Key            Key
	Scope          Scope
	Priority       Priority
	Generation     int64
	DoneGeneration int64
	RunAt          time.Time
	LeaseUntil     time.Time // zero: no lease
	Attempts       int
	Disposition    Disposition // of the last run; empty before the first
	Reason         string
}

// Pending reports whether the key was marked since it was last done.
func (w Work) Pending() bool { return w.Generation > w.DoneGeneration }

// Queue is the durable set of keys that may be out of sync: one row per key, with two generation
// counters and a lease.
type Queue interface {
	// Mark raises the generation of each key, combines the scopes, and keeps the more urgent priority
	// and the earlier time. A key in backoff keeps its time, except that an [Interactive] mark shortens
	// the wait to five seconds at most. A mark that adds nothing to an unclaimed pending key changes
	// nothing. A mark that gathers waits for the end of the key's quiet period. A mark on a linked
	// customer goes to its account. More than a thousand marks take several transactions, so an error
	// may leave some of them made.
	Mark(ctx context.Context, marks ...Mark) error
	// Claim leases due keys without a live lease, the most urgent and oldest first; at most a thousand.
	Claim(ctx context.Context, request ClaimRequest) ([]Claim, error)
	// Finish ends a claim. If the key was marked during the run, it stays pending. Finish settles the
	// key's events, a thousand per transaction; after an error, call it again. In the last transaction it
	// writes the run's record, see [History]. ErrLeaseLost if the claim is stale; nothing changes then.
	Finish(ctx context.Context, claim Claim, outcome Outcome) error
	// NextDue returns when the next pending key becomes claimable; false: no key is pending. A leased
	// key becomes claimable when its lease ends.
	NextDue(ctx context.Context, maxPriority Priority) (time.Time, bool, error)
	// Work returns the row of a key, or ErrNotFound.
	Work(ctx context.Context, key Key) (Work, error)
	// Backlog returns pending keys and keys whose last run failed or parked, ordered by key.
	Backlog(ctx context.Context, limit int) ([]Work, error)
	// Wake handles a claim of [KeyWake]. It marks up to 500 keys that wait for the named key, and moves
	// up to 500 open events from a customer to its account or from a former account to its successor.
	// It reports whether there is more to do. Save, Link and Succeed mark such a key if there is too
	// much for their own transaction.
	Wake(ctx context.Context, claim Claim) (more bool, err error)
	// WaitingFor returns the parked keys that wait for a key.
	WaitingFor(ctx context.Context, key Key) ([]Key, error)
}
