package lockstep

import (
	"context"
	"slices"
	"strings"
	"time"
)

// BackfillSweep is the name of the sweep that links the customers of a business that is
// older than Lockstep. Its cursor is a [Backfill] as JSON.
const BackfillSweep = "backfill"

// BackfillPhase is what a backfill is doing.
type BackfillPhase string

// The phases, in their order. Those up to BackfillResolving read only; a dry run skips the
// two that write.
const (
	BackfillCustomers     BackfillPhase = "customers"     // lists Stripe's customers
	BackfillSubscriptions BackfillPhase = "subscriptions" // lists Stripe's subscriptions
	BackfillCheckouts     BackfillPhase = "checkouts"     // lists Stripe's completed checkout sessions
	BackfillUsers         BackfillPhase = "users"         // lists the directory's users
	BackfillOrganizations BackfillPhase = "organizations" // lists the directory's organizations
	BackfillResolving     BackfillPhase = "resolving"     // decides about each customer
	BackfillLinking       BackfillPhase = "linking"       // links customers to their accounts
	BackfillPayments      BackfillPhase = "payments"      // has licenses made of one-time payments
	BackfillCleaning      BackfillPhase = "cleaning"      // removes what was listed
	BackfillReleasing     BackfillPhase = "releasing"     // wakes the accounts that waited
	BackfillDone          BackfillPhase = "done"
)

// Backfill is where a backfill stands.
type Backfill struct {
	Phase BackfillPhase `json:"phase"`
	Page  string        `json:"page,omitempty"` // where the phase goes on
	// First: this is the first start of a service on its database. Until the accounts are
	// released, none gets a customer unless somebody buys, and no metadata is lowered.
	First  bool `json:"first,omitempty"`
	DryRun bool `json:"dry_run,omitempty"` // link nothing
	// Generation is that of the Clerk instance that it lists, see [Instance]. Under another
	// one it lists everything again.
	Generation int64 `json:"generation,omitempty"`
	// Waiting: the payments of the page are being settled.
	Waiting    bool  `json:"waiting,omitempty"`
	Looks      int   `json:"looks,omitempty"`       // at whether they are
	StartedAt  int64 `json:"started_at"`            // Unix seconds
	FinishedAt int64 `json:"finished_at,omitempty"` // Unix seconds; 0: it runs
	// when the first customer was created, in Unix seconds; 0: not known
	Oldest     int64          `json:"oldest,omitempty"`
	Reached    int64          `json:"reached,omitempty"` // when the last object listed was created, in Unix seconds
	PhaseCount int64          `json:"phase_count"`       // how many objects the phase has handled
	Report     BackfillReport `json:"report"`
}

// Holds reports whether accounts wait for the backfill.
func (b Backfill) Holds() bool {
	return b.First && b.Phase != BackfillReleasing && b.Phase != BackfillDone && b.Phase != ""
}

// Total estimates how many objects the phase has in all; 0: not known. Stripe lists
// the newest first and tells no total, so it is estimated from the dates of what was
// listed so far.
func (b Backfill) Total() int64 {
	switch b.Phase {
	case BackfillCustomers, BackfillSubscriptions, BackfillCheckouts:
		all, past := b.StartedAt-b.Oldest, b.StartedAt-b.Reached
		if b.Oldest == 0 || b.Reached == 0 || past <= 0 || all <= past {
			return 0
		}
		return int64(float64(b.PhaseCount) * float64(all) / float64(past))
	case BackfillResolving:
		return b.Report.Customers
	case BackfillLinking:
		return b.Report.Linked.Count
	}
	return 0
}

// BackfillReport says what a backfill has found.
type BackfillReport struct {
	Customers     int64 `json:"customers"`
	Subscriptions int64 `json:"subscriptions"`
	Checkouts     int64 `json:"checkouts"`
	Users         int64 `json:"users"`
	Organizations int64 `json:"organizations"`

	Linked    BackfillGroup `json:"linked"`    // customers that belong to an account
	Unlinked  BackfillGroup `json:"unlinked"`  // customers that nothing links to an account that the directory lists
	Ambiguous BackfillGroup `json:"ambiguous"` // customers that could be several accounts'
	Several   BackfillGroup `json:"several"`   // customers beside the first one of their account
}

// BackfillGroup counts customers and shows a few of them.
type BackfillGroup struct {
	Count    int64             `json:"count"`
	Examples []BackfillExample `json:"examples,omitempty"`
}

// BackfillExample is a customer of a group.
type BackfillExample struct {
	Customer string `json:"customer"`
	Account  string `json:"account,omitempty"` // kind/id
	Reason   string `json:"reason,omitempty"`
}

// BackfillExamples is how many customers of a group are shown.
const BackfillExamples = 5

// Add counts a customer.
func (g *BackfillGroup) Add(e BackfillExample) {
	g.Count++
	if len(g.Examples) < BackfillExamples {
		g.Examples = append(g.Examples, e)
	}
}

// BackfillPage is what a backfill has listed.
type BackfillPage struct {
	Identities    []Identity
	Customers     []Customer
	Subscriptions []Subscription
	Checkouts     []Checkout
}

// StagedCustomer is a customer that was listed, with all that was listed about it.
type StagedCustomer struct {
	Customer      Customer
	Subscriptions []Subscription
	Checkouts     []Checkout // with their reference and metadata only
	Named         []Account  // the accounts whose directory metadata names the customer
	Link          Link       // zero: it is not linked
	Assigned      bool       // an operator has decided about it
	Assignment    Account    // the decision; zero: it belongs to no account
}

// Conclusion is what a backfill has decided about a customer.
type Conclusion struct {
	CustomerID string
	Outcome    BackfillOutcome
	Account    Account // of BackfillLinked
	Trust      Trust   // of BackfillLinked
	// Rank orders an account's customers: the first one becomes the primary customer.
	Rank   int
	Claims []Account // the accounts that an unlinked or ambiguous customer could belong to
}

// BackfillOutcome is how a backfill decided about a customer.
type BackfillOutcome string

// The outcomes.
const (
	BackfillLinked    BackfillOutcome = "linked"
	BackfillUnlinked  BackfillOutcome = "unlinked"
	BackfillAmbiguous BackfillOutcome = "ambiguous"
)

// Adoption is a customer that a backfill links to its account.
type Adoption struct {
	Conclusion
	Customer      Customer
	Identity      Identity
	Generation    int64 // of the Clerk instance that listed Identity
	Subscriptions []Subscription
	// Scope is what the account's next run reads. It need not read what was listed.
	Scope Scope
}

// StagedPayment is a one-time payment that was listed.
type StagedPayment struct {
	CheckoutID string
	Named      Account // by its metadata or reference; without a kind: an organization by its slug
	Linked     bool    // its customer is linked to an account
}

// Key is the key under which the payment is settled.
func (p StagedPayment) Key() Key { return Key{KeyCheckout, p.CheckoutID} }

// Backfills keeps what a backfill lists until it has linked the customers. What carries a
// claim fails with ErrLeaseLost when the claim is not the current one, and moves the
// backfill's cursor in the same transaction.
type Backfills interface {
	// BeginBackfill replaces the cursor was by next, marks the backfill's sweep, and
	// reports whether it did: not if the cursor is another one by now, nor, where fresh,
	// if a service has run on this database before.
	BeginBackfill(ctx context.Context, was, next string, fresh bool) (bool, error)
	// Stage stores a page of objects that were listed, over earlier versions of them.
	Stage(ctx context.Context, claim Claim, cursor string, page BackfillPage) error
	// StagedCustomers returns up to limit customers in the order of their ids.
	StagedCustomers(ctx context.Context, after string, limit int) ([]StagedCustomer, error)
	// StagedIdentity returns an identity without its metadata, or ErrNotFound.
	StagedIdentity(ctx context.Context, account Account) (Identity, error)
	// StagedSlug returns the organization that has the slug, or ErrNotFound.
	StagedSlug(ctx context.Context, slug string) (Account, error)
	// StagedExternal returns the identity whose external id this is, or ErrNotFound.
	StagedExternal(ctx context.Context, kind Kind, externalID string) (Account, error)
	// StagedEmail returns the users whose verified primary address this is, and how many
	// customers have it.
	StagedEmail(ctx context.Context, email string) (users []Account, customers int, err error)
	// Conclude stores decisions about customers.
	Conclude(ctx context.Context, claim Claim, cursor string, conclusions []Conclusion) error
	// Concluded returns up to limit customers that are to be linked, in the order of their
	// accounts and ranks, after the given one.
	Concluded(ctx context.Context, after Conclusion, limit int) ([]Adoption, error)
	// Adopt links customers to their accounts, stores their subscriptions and marks the
	// accounts. A customer that cannot be linked is marked, to be parked with the reason.
	// marks are made as well.
	Adopt(ctx context.Context, claim Claim, cursor string, adoptions []Adoption, marks []Mark) error
	// StagedPayments returns up to limit one-time payments in the order of their ids.
	StagedPayments(ctx context.Context, after string, limit int) ([]StagedPayment, error)
	// Unstage removes up to limit rows of each sort of what was listed, but not the
	// accounts that customers could belong to, and reports whether there are more.
	Unstage(ctx context.Context, claim Claim, limit int) (more bool, err error)
	// ClaimsOf returns the customers that could belong to the account, as a backfill found,
	// and are not linked. contested: one of them could also be another account's, and no
	// operator has decided about it.
	ClaimsOf(ctx context.Context, account Account) (customers []string, contested bool, err error)
}

// BackfillLists is Stripe as a backfill reads it: pages of 100, the newest first. next is
// the cursor of the page after, and empty at the end.
type BackfillLists interface {
	CustomersPage(ctx context.Context, cursor string) (page []Customer, next string, err error)
	// SubscriptionsPage also lists subscriptions that have ended.
	SubscriptionsPage(ctx context.Context, cursor string) (page []Subscription, next string, err error)
	// CompletedCheckouts lists the sessions that were completed, without their items.
	CompletedCheckouts(ctx context.Context, cursor string) (page []Checkout, next string, err error)
	// OldestCustomer returns about when the first customer was created, by some ten calls;
	// the zero time: every one is younger than a few days.
	OldestCustomer(ctx context.Context) (time.Time, error)
	// CustomersNaming returns the customers whose metadata, or whose subscriptions'
	// metadata, names the account, by Stripe's search, which lags behind by up to an hour.
	CustomersNaming(ctx context.Context, account Account) (customerIDs []string, err error)
}

// CustomersNamedIn returns the ids of Stripe's customers that a directory's metadata
// names, sorted: values that are such an id, at the top or one level below, whatever
// their key.
// Applications call it stripeCustomerId, stripe_customer_id, customerId and more.
func CustomersNamedIn(metadata map[string]any) (ids []string) {
	for _, value := range metadata {
		switch v := value.(type) {
		case string:
			if isCustomerID(v) {
				ids = append(ids, v)
			}
		case map[string]any:
			for _, inner := range v {
				if id, isText := inner.(string); isText && isCustomerID(id) {
					ids = append(ids, id)
				}
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// isCustomerID reports whether a text has the form of a customer's id.
func isCustomerID(text string) bool {
	rest, has := strings.CutPrefix(text, "cus_")
	return has && rest != "" && len(text) <= 255 && !strings.ContainsFunc(rest, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}
