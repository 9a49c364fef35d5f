package lockstep

// DriftPlace says where a difference is.
type DriftPlace string

// The places.
const (
	DriftDatabase DriftPlace = "database" // our record of the account
	DriftIdentity DriftPlace = "identity" // the directory's metadata or limits
	DriftStripe   DriftPlace = "stripe"   // what we write to Stripe
	DriftLink     DriftPlace = "link"     // which customers belong to the account
)

// DriftPlaces lists all places.
var DriftPlaces = []DriftPlace{DriftDatabase, DriftIdentity, DriftStripe, DriftLink}

// DriftCause says why a difference exists, as far as evidence shows.
type DriftCause string

// The causes.
const (
	CausePending     DriftCause = "pending"           // a stored event or a mark has not been processed yet
	CauseFailedWrite DriftCause = "failed_write"      // a provider refused a step, or the last run failed
	CauseMissedEvent DriftCause = "missed_event"      // the change was never delivered to us
	CauseManualEdit  DriftCause = "manual_edit"       // someone changed what we wrote
	CausePrice       DriftCause = "price_changed"     // a price or product has another name now
	CauseUnlinked    DriftCause = "unlinked_customer" // a customer names the account, but we have no link
	CauseRestored    DriftCause = "restored_database" // the directory has what we wrote later than our record
	CauseUnknown     DriftCause = "unknown"           // nothing shows the cause
)

// DriftCauses lists all causes.
var DriftCauses = []DriftCause{CausePending, CauseFailedWrite, CauseMissedEvent, CauseManualEdit, CausePrice,
	CauseUnlinked, CauseRestored, CauseUnknown}

// NotShown stands for a personal value.
const NotShown = "(not shown)"

// Difference is something that a sync of the account would change now. A personal value is [NotShown].
type Difference struct {
	Where    DriftPlace
	Field    string // for example subscriptions[sub_1].status, plan or customer.email
	Ours     string // as we stored or last wrote it; empty: absent
	Theirs   string // as the provider has it; empty: absent
	Expected string // as a sync leaves it; empty: absent
	Cause    DriftCause
	Detail   string // the evidence of the cause; may be empty
}

// ComparisonState is the result of a comparison.
type ComparisonState string

// The results.
const (
	InSync       ComparisonState = "in_sync"
	CatchingUp   ComparisonState = "catching_up" // it differs, and the work that ends that is due already
	Drifted      ComparisonState = "drift"
	Incomparable ComparisonState = "not_compared" // a provider did not answer, or refused
)

// Comparison compares an account's record with Stripe and the directory.
type Comparison struct {
	Account     Account
	State       ComparisonState
	Differences []Difference
	Failure     string // why it could not be compared; safe to show
	// Notes say what someone changed at Stripe that a sync leaves alone. They are no differences.
	Notes []string
	Fix   []Key // the keys whose runs remove the differences
}
