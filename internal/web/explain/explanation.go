package explain

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Explanation is why an account has the access that it has. Its sentences are plain text, but they contain ids
// and plan names of others: escape them for HTML and for terminals.
type Explanation struct {
	Subject string    `json:"subject" example:"user/user_2x" doc:"An account; or a customer or payment without an account, as kind/id"`
	Account string    `json:"account,omitempty" example:"user/user_2x" doc:"The account; absent if the subject has none"`
	At      time.Time `json:"at" doc:"When this was true"`
	Offset  string    `json:"offset" example:"+02:00" doc:"The UTC offset of all times in sentences"`
	Summary string    `json:"summary" doc:"The answer, and why"`

	Access   *lockstep.Access `json:"access,omitempty" doc:"The access of the account now, with the reasons"`
	Causes   []Cause          `json:"causes" doc:"What keeps, limits or endangers the access; faults first"`
	Chain    []Fact           `json:"chain" doc:"What the access follows from: customers, purchases, rules, seats"`
	Next     []Upcoming       `json:"next" doc:"What happens next, the soonest first"`
	Timeline []Entry          `json:"timeline" doc:"What happened, newest first. Repeated entries are folded"`
	Earlier  bool             `json:"earlier,omitempty" doc:"More happened before the timeline"`
	Operated []Operation      `json:"operated" doc:"What operators did to the account, newest first"`
}

// Cause is something that keeps, limits or endangers an access.
type Cause struct {
	Code    Code       `json:"code" example:"retrying" doc:"Stable, for programs"`
	Fault   bool       `json:"fault" doc:"Something is wrong and needs an operator, or heals by a retry"`
	Text    string     `json:"text" doc:"One or two sentences"`
	Object  string     `json:"object,omitempty" example:"sub_x" doc:"What it is about"`
	Command string     `json:"command,omitempty" example:"lockstep work retry user/user_2x" doc:"The command that fixes it"`
	Since   *time.Time `json:"since,omitempty"`
}

// Code identifies a cause.
type Code string

// The codes. Faults come first.
const (
	NotLinked        Code = "not_linked"         // the customer or payment has no account
	NoCustomer       Code = "no_customer"        // the account has no customer
	CustomerDeleted  Code = "customer_deleted"   // the primary customer is deleted at Stripe
	Retrying         Code = "retrying"           // the last run failed and is retried
	Failed           Code = "failed"             // the last run failed, and a retry would too
	Parked           Code = "parked"             // the last run waits for an account or a link
	EventsFailed     Code = "events_failed"      // events of the account failed
	EventsParked     Code = "events_parked"      // events of the account are parked
	Refused          Code = "refused_step"       // a provider refused a step
	DeletionHeld     Code = "deletion_held"      // the brake holds the account's deletion
	OtherInstance    Code = "other_instance"     // the keys belong to another instance, so nothing is written
	MissingIdentity  Code = "missing_identity"   // the directory's list lacks the account
	FormerAccount    Code = "former_account"     // a former account has the same verified address
	UnlinkedPayments Code = "unlinked_customers" // customers without an account had events lately

	Pending         Code = "pending"         // a run is due or running
	Claimed         Code = "claimed_link"    // a customer is linked only by a client_reference_id
	DeletedAccount  Code = "deleted_account" // the directory deleted the account
	DeletionDropped Code = "deletion_dropped"
	NoPurchase      Code = "no_purchase"
	InGrace         Code = "grace"      // a payment failed, and access continues for now
	GraceOver       Code = "grace_over" // a payment failed, and the grace period is over
	Unpaid          Code = "unpaid"     // Stripe stopped trying
	Ended           Code = "ended"
	TrialEnded      Code = "trial_ended"
	Incomplete      Code = "first_payment_open"
	Paused          Code = "paused"
	Refunded        Code = "refunded"
	Disputed        Code = "disputed"
	Expired         Code = "expired"
	PaymentOpen     Code = "payment_open" // of a license: the payment is processing
	PaymentFailed   Code = "payment_failed"
	GrantsNothing   Code = "grants_nothing" // a status that this version does not know
	SeatsFull       Code = "seats"          // an organization has more members than it pays for, or no room for more
)

// Fact is a link of the chain.
type Fact struct {
	Kind   string         `json:"kind" enum:"customer,subscription,license,features,seats,sponsorship,account" doc:"What it is about"`
	Object string         `json:"object,omitempty" example:"cus_x"`
	Text   string         `json:"text"`
	Grants bool           `json:"grants,omitempty" doc:"It grants access"`
	Rule   *lockstep.Rule `json:"rule,omitempty" doc:"Why the purchase has its plan"`
}

// Upcoming is something that will happen.
type Upcoming struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind" enum:"run,retry,renewal,end,trial_end,grace_end,clerk_write" doc:"What happens"`
	Object string    `json:"object,omitempty"`
	Text   string    `json:"text"`
}

// Entry is something that happened.
type Entry struct {
	Kind   string    `json:"kind" enum:"run,events,notice" doc:"A run of the account or its customers; events without a known run; a notice"`
	At     time.Time `json:"at" doc:"When the newest of it happened"`
	Since  time.Time `json:"since" doc:"When the oldest of it happened"`
	Times  int64     `json:"times" doc:"How often it happened in a row"`
	TookMS int64     `json:"took_ms,omitempty" doc:"Of a run: how long it took"`
	Key    string    `json:"key,omitempty" doc:"Of a run: its key"`
	State  string    `json:"state" doc:"Of a run: done, retry, parked or failed; of events: their status"`
	Events []string  `json:"events,omitempty" doc:"The events, as source/id; at most 20"`
	Text   string    `json:"text"`
}

// Operation is what an operator did.
type Operation struct {
	At      time.Time `json:"at"`
	Request string    `json:"request" doc:"Identifies it in the audit log"`
	Actor   string    `json:"actor" example:"key/desk"`
	Text    string    `json:"text"`
}
