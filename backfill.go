package lockstep

import (
	"context"
	"slices"
	"strings"
	"time"
)

// BackfillSweep is the sweep that links the customers of a business that existed before Lockstep. Its
// cursor is a [Backfill] as JSON.
const BackfillSweep = "backfill"

// BackfillPhase is a step of a backfill.
type BackfillPhase string

// The phases, in order. Phases up to BackfillResolving only read. A dry run skips the two that write.
const (
	BackfillCustomers     BackfillPhase = "customers"     // lists Stripe's customers
	BackfillSubscriptions BackfillPhase = "subscriptions" // lists Stripe's subscriptions
	BackfillCheckouts     BackfillPhase = "checkouts"     // lists Stripe's completed checkout sessions
	BackfillUsers         BackfillPhase = "users"         // lists the directory's users
	BackfillOrganizations BackfillPhase = "organizations" // lists the directory's organizations
	BackfillResolving     BackfillPhase = "resolving"     // decides about each customer
	BackfillLinking       BackfillPhase = "linking"       // links customers to their accounts
	BackfillPayments      BackfillPhase = "payments"      // creates licenses for one-time payments
	BackfillCleaning      BackfillPhase = "cleaning"      // removes the staged lists
	BackfillReleasing     BackfillPhase = "releasing"     // wakes the accounts that waited
	BackfillDone          BackfillPhase = "done"
)

// Backfill is the progress of a backfill.
type Backfill struct {
	Phase BackfillPhase `json:"phase"`
	Page  string        `json:"page,omitempty"` // where the phase continues
	// First: this is the service's first start on its database. Until the accounts are released,
	// Lockstep creates customers only for purchases and takes no access away in metadata.
	First  bool `json:"first,omitempty"`
	DryRun bool `json:"dry_run,omitempty"` // report only
	// Generation is the generation of the listed Clerk instance, see [Instance]. If it changes, the
	// backfill starts over.
	Generation int64 `json:"generation,omitempty"`
	// Waiting: the runs of the page's payments have not finished.
	Waiting    bool  `json:"waiting,omitempty"`
	Looks      int   `json:"looks,omitempty"`       // how often it checked whether they have finished
	StartedAt  int64 `json:"started_at"`            // Unix seconds
	FinishedAt int64 `json:"finished_at,omitempty"` // Unix seconds; 0: running
	// Oldest is when the first customer was created, in Unix seconds; 0: unknown.
	Oldest     int64          `json:"oldest,omitempty"`
	Reached    int64          `json:"reached,omitempty"` // when the last listed object was created, in Unix seconds
	PhaseCount int64          `json:"phase_count"`       // objects handled in this phase
	Report     BackfillReport `json:"report"`
}

// Holds reports whether accounts wait for the backfill.
func (b Backfill) Holds() bool {
	return b.First && b.Phase != BackfillReleasing && b.Phase != BackfillDone && b.Phase != ""
}

// Total estimates how many objects the phase has; 0: unknown. Stripe lists the newest first without a
// total, so the estimate uses the creation dates of the objects listed so far.
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

// BackfillReport is the result of a backfill.
type BackfillReport struct {
	Customers     int64 `json:"customers"`
	Subscriptions int64 `json:"subscriptions"`
	Checkouts     int64 `json:"checkouts"`
	Users         int64 `json:"users"`
	Organizations int64 `json:"organizations"`

	Linked    BackfillGroup `json:"linked"`    // customers that belong to an account
	Unlinked  BackfillGroup `json:"unlinked"`  // customers without evidence for a listed account
	Ambiguous BackfillGroup `json:"ambiguous"` // customers that could belong to several accounts
	Several   BackfillGroup `json:"several"`   // second and further customers of an account
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

// BackfillExamples is the most examples of a group.
const BackfillExamples = 5

// Add counts a customer and keeps it as an example if there is room.
func (g *BackfillGroup) Add(e BackfillExample) {
	g.Count++
	if len(g.Examples) < BackfillExamples {
		g.Examples = append(g.Examples, e)
	}
}

// BackfillPage is a page of listed objects.
type BackfillPage struct {
	Identities    []Identity
	Customers     []Customer
	Subscriptions []Subscription
	Checkouts     []Checkout
}

// StagedCustomer is a listed customer with everything listed about it.
type StagedCustomer struct {
	Customer      Customer
	Subscriptions []Subscription
	Checkouts     []Checkout // only their reference and metadata
	Named         []Account  // the accounts whose directory metadata names the customer
	Link          Link       // zero: not linked
	Assigned      bool       // an operator has decided
	Assignment    Account    // the decision; zero: no account
}

// Conclusion is a backfill's decision about a customer.
type Conclusion struct {
	CustomerID string
	Outcome    BackfillOutcome
	Account    Account // of BackfillLinked
	Trust      Trust   // of BackfillLinked
	// Rank orders an account's customers: the first one becomes the primary customer.
	Rank   int
	Claims []Account // the accounts that an unlinked or ambiguous customer could belong to
}

// BackfillOutcome is the kind of a [Conclusion].
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
	Generation    int64 // the generation of the Clerk instance that listed Identity
	Subscriptions []Subscription
	// Scope is what the account's next run reads: only what the backfill did not list.
	Scope Scope
}

// StagedPayment is a listed one-time payment.
type StagedPayment struct {
	CheckoutID string
	Named      Account // from its metadata or reference; without a kind it is an organization's slug
	Linked     bool    // its customer is linked to an account
}

// Key returns the key whose run creates the license.
func (p StagedPayment) Key() Key { return Key{KeyCheckout, p.CheckoutID} }

// Backfills stores what a backfill lists until it has linked the customers. Methods with a claim move
// the backfill's cursor in the same transaction, and fail with ErrLeaseLost if the claim is stale.
type Backfills interface {
	// BeginBackfill replaces the cursor was with next and marks the backfill's sweep. It returns false,
	// and changes nothing, if the cursor is no longer was or if, with fresh, a service has run on this
	// database before.
	BeginBackfill(ctx context.Context, was, next string, fresh bool) (bool, error)
	// Stage stores a page of listed objects, replacing earlier versions.
	Stage(ctx context.Context, claim Claim, cursor string, page BackfillPage) error
	// StagedCustomers returns up to limit customers after the given id, ordered by id.
	StagedCustomers(ctx context.Context, after string, limit int) ([]StagedCustomer, error)
	// StagedIdentity returns an identity without its metadata, or ErrNotFound.
	StagedIdentity(ctx context.Context, account Account) (Identity, error)
	// StagedSlug returns the organization with this slug, or ErrNotFound.
	StagedSlug(ctx context.Context, slug string) (Account, error)
	// StagedExternal returns the account with this external id, or ErrNotFound.
	StagedExternal(ctx context.Context, kind Kind, externalID string) (Account, error)
	// StagedEmail returns the users with this verified primary address, and the number of customers
	// with it.
	StagedEmail(ctx context.Context, email string) (users []Account, customers int, err error)
	// Conclude stores decisions about customers.
	Conclude(ctx context.Context, claim Claim, cursor string, conclusions []Conclusion) error
	// Concluded returns up to limit customers to link after the given one, ordered by account and rank.
	Concluded(ctx context.Context, after Conclusion, limit int) ([]Adoption, error)
	// Adopt links customers to their accounts, stores their subscriptions and marks the accounts. It
	// marks a customer that cannot be linked, whose run then parks it with the reason. It also makes
	// the given marks.
	Adopt(ctx context.Context, claim Claim, cursor string, adoptions []Adoption, marks []Mark) error
	// StagedPayments returns up to limit one-time payments after the given id, ordered by id.
	StagedPayments(ctx context.Context, after string, limit int) ([]StagedPayment, error)
	// Unstage removes up to limit staged rows of each type and reports whether there are more. It keeps
	// the claims for [Backfills.ClaimsOf].
	Unstage(ctx context.Context, claim Claim, limit int) (more bool, err error)
	// ClaimsOf returns the unlinked customers that could belong to the account, as the backfill found.
	// contested: one of them could also belong to another account, and no operator has decided.
	ClaimsOf(ctx context.Context, account Account) (customers []string, contested bool, err error)
}

// BackfillLists lists Stripe's objects for a backfill in pages of 100, the newest first. next is the
// cursor of the next page; empty at the end.
type BackfillLists interface {
	CustomersPage(ctx context.Context, cursor string) (page []Customer, next string, err error)
	// SubscriptionsPage includes ended subscriptions.
	SubscriptionsPage(ctx context.Context, cursor string) (page []Subscription, next string, err error)
	// CompletedCheckouts lists completed sessions, without their items.
	CompletedCheckouts(ctx context.Context, cursor string) (page []Checkout, next string, err error)
	// OldestCustomer returns roughly when the first customer was created, with about ten calls. The
	// zero time means that all customers are younger than a few days.
	OldestCustomer(ctx context.Context) (time.Time, error)
	// CustomersNaming searches for customers whose metadata, or whose subscriptions' metadata, names the
	// account. Stripe's search lags by up to an hour.
	CustomersNaming(ctx context.Context, account Account) (customerIDs []string, err error)
}

// CustomersNamedIn returns the Stripe customer ids in a directory's metadata, sorted. It accepts any
// key, at the top level or one level below, because apps use stripeCustomerId, stripe_customer_id,
// customerId and more.
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

// isCustomerID reports whether text has the form of a customer id.
func isCustomerID(text string) bool {
	rest, has := strings.CutPrefix(text, "cus_")
	return has && rest != "" && len(text) <= 255 && !strings.ContainsFunc(rest, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}
