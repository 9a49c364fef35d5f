package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// reader reads the billing state of an account. It writes nothing.
type reader struct {
	store   ownership.Successors
	billing interface {
		Subscriptions(ctx context.Context, customerID string) ([]lockstep.Subscription, error)
		Subscription(ctx context.Context, id string) (lockstep.Subscription, error)
		Entitlements(ctx context.Context, customerID string) ([]string, error)
		Checkouts(ctx context.Context, customerID string) ([]lockstep.Checkout, error)
		Invoice(ctx context.Context, id string) (lockstep.Invoice, error)
	}
	owners   *ownership.Resolver
	book     *pricebook.Book
	catalog  lockstep.Catalog
	entitled bool
	log      *slog.Logger
}

func (as *Accounts) reader() reader {
	return reader{as.Store, as.Providers.Billing, as.Owners, as.Book, as.Catalog, as.Policies.Entitled, as.Log}
}

// query is what the reader must know about an account.
type query struct {
	account    lockstep.Account
	deleted    bool                    // nobody pays for it any more
	stored     []lockstep.Subscription // as the database has them
	known      []lockstep.Subscription // as this run knows them
	sessions   bool                    // the sessions are read anyway
	generation int64                   // of the Clerk instance
}

func (d *draft) query(absent bool) query {
	return query{account: d.account, deleted: absent || d.now.State == lockstep.AccountDeleted,
		stored: d.was.Subscriptions, known: d.now.Subscriptions, sessions: d.scope.Has(lockstep.ScopePayments),
		generation: d.generation}
}

// list returns the subscriptions that Stripe lists for a customer. Runs do not share the call: two keys
// hardly ever need the same customer's at the same moment (3 of 1,205 calls in 30 simulated worlds), and
// an answer that was requested before a run was claimed could miss the event that caused the run.
func (r reader) list(ctx context.Context, l lockstep.Link) ([]lockstep.Subscription, error) {
	subscriptions, err := r.billing.Subscriptions(ctx, l.CustomerID)
	if notFoundIs(err, l) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	return subscriptions, nil
}

// complete returns the subscriptions of an account, from those that Stripe lists and those that
// are known. It adds what Stripe does not say now: names, plans and payers.
func (r reader) complete(ctx context.Context, q query, listed []lockstep.Subscription) ([]lockstep.Subscription,
	error) {
	for _, known := range q.known {
		if byID(listed, known.ID) >= 0 {
			continue
		}
		now, err := r.unlisted(ctx, q, known)
		if err != nil {
			return nil, err
		}
		listed = append(listed, now)
	}
	if err := r.interpret(ctx, q, listed, time.Now()); err != nil {
		return nil, err
	}
	for i := range listed {
		var err error
		if listed[i].PaidBy, err = r.payerOf(ctx, q, listed[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(listed, func(a, b lockstep.Subscription) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return listed, nil
}

// unlisted reads a subscription that Stripe does not list by its id. If Stripe does not find it
// either, it stays as it was.
func (r reader) unlisted(ctx context.Context, q query, known lockstep.Subscription) (lockstep.Subscription, error) {
	if known.Ended() {
		return known, nil
	}
	now, err := r.billing.Subscription(ctx, known.ID)
	switch {
	case err == nil:
		return now, nil
	case !errors.Is(err, lockstep.ErrNotFound):
		return known, fmt.Errorf("read subscription: %w", err)
	}
	r.log.WarnContext(ctx, "Stripe no longer lists a subscription; it stays as it was",
		"account", q.account.String(), "subscription", known.ID, "status", known.Status)
	return known, nil
}

// byID returns the index of a subscription, or -1.
func byID(all []lockstep.Subscription, id string) int {
	return slices.IndexFunc(all, func(s lockstep.Subscription) bool { return s.ID == id })
}

// payerOf returns the user who pays an organization's subscription, and whose metadata shows it
// too: the user whom the subscription names beside the organization. If a subscription that is new
// names only the organization, it is the member with the customer's address.
func (r reader) payerOf(ctx context.Context, q query, s lockstep.Subscription) (string, error) {
	if q.account.Kind != lockstep.Organization {
		return "", nil
	}
	at := byID(q.stored, s.ID)
	s.PaidBy = r.owners.Buyer(s.PaidBy)
	switch {
	case s.PaidBy != "":
		return r.currentUser(ctx, q, s.PaidBy)
	case at >= 0:
		return q.stored[at].PaidBy, nil
	case s.Ended(), q.deleted:
		return "", nil
	}
	return r.owners.Payer(ctx, q.account, s.CustomerID)
}

// currentUser returns the id that a user has now. A subscription's metadata names the one that
// they had when they bought it.
func (r reader) currentUser(ctx context.Context, q query, id string) (string, error) {
	user, err := lockstep.NewAccount(lockstep.User, id)
	if err != nil || q.generation == 0 {
		return id, nil //nolint:nilerr // an id that no account can have
	}
	now, err := ownership.Current(ctx, r.store, user)
	return now.ID, err
}

// entitlements reads the features that Stripe entitles the customers to, if the operator uses
// them. They follow from the subscriptions, so both are read together. A customer that Stripe has
// deleted is entitled to nothing.
func (r reader) entitlements(ctx context.Context, customers []lockstep.Link) ([]string, error) {
	if !r.entitled || len(customers) == 0 {
		return nil, nil
	}
	features := []string{}
	for _, l := range customers {
		some, err := r.billing.Entitlements(ctx, l.CustomerID)
		if err != nil && !notFoundIs(err, l) {
			return nil, fmt.Errorf("list entitlements: %w", err)
		}
		features = append(features, some...)
	}
	slices.Sort(features)
	return slices.Compact(features), nil
}

// sessions reads the checkout sessions of customers. It leaves out a customer that Stripe does
// not know. With an error, it returns those that it has read.
func (r reader) sessions(ctx context.Context, customers []lockstep.Link) (map[string][]lockstep.Checkout, error) {
	all := map[string][]lockstep.Checkout{}
	for _, l := range customers {
		some, err := r.billing.Checkouts(ctx, l.CustomerID)
		if notFoundIs(err, l) {
			continue
		}
		if err != nil {
			return all, fmt.Errorf("list checkout sessions: %w", err)
		}
		all[l.CustomerID] = some
	}
	return all, nil
}

// justBegun is how old a subscription may be for its checkout session to not name it yet.
const justBegun = time.Hour

// interpret adds what Stripe does not say now: the names of prices at purchase, the plan that the
// app named, and since when a subscription is unpaid.
func (r reader) interpret(ctx context.Context, q query, observed []lockstep.Subscription, at time.Time) error {
	look := map[string]bool{} // customers whose sessions may name a plan
	for n := range observed {
		s := &observed[n]
		var was lockstep.Subscription
		if i := byID(q.known, s.ID); i >= 0 {
			was = q.known[i]
		}
		s.Items = slices.Clone(s.Items) // a subscription that stays shares them with the record
		err := r.book.Name(ctx, r.catalog, pricebook.Lookup{Items: s.Items, Known: was.Items, Recurring: true})
		if err != nil {
			return err
		}
		if s.Metadata != nil && r.namePlan(s, was, at) {
			look[s.CustomerID] = true
		}
	}
	if q.sessions {
		return nil // readPayments reads them
	}
	return r.nameBySessions(ctx, observed, slices.Sorted(maps.Keys(look)))
}

// namePlan completes a subscription that Stripe has, and reports whether a session may name its
// plan.
func (r reader) namePlan(s *lockstep.Subscription, was lockstep.Subscription, at time.Time) (look bool) {
	*s = s.Owing(was, at)
	if r.catalog.PlanMetadata == "" {
		return false
	}
	if s.PlanNamed = s.Metadata[r.catalog.PlanMetadata]; s.PlanNamed != "" {
		return false
	}
	s.PlanNamed = was.PlanNamed
	return !s.Ended() && (was.ID == "" || at.Sub(s.CreatedAt) < justBegun)
}

// nameBySessions gives subscriptions the plans that their customers' sessions name.
func (r reader) nameBySessions(ctx context.Context, observed []lockstep.Subscription, customers []string) error {
	for _, customerID := range customers {
		sessions, err := r.billing.Checkouts(ctx, customerID)
		if errors.Is(err, lockstep.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list checkout sessions: %w", err)
		}
		nameAtCheckout(r.catalog.PlanMetadata, observed, customerID, sessions)
	}
	return nil
}

// nameAtCheckout gives a customer's subscriptions the plan that the app named in the metadata of
// the session that started them. sessions are all of the customer's. The subscription's own
// metadata counts more.
func nameAtCheckout(key string, subscriptions []lockstep.Subscription, customerID string,
	sessions []lockstep.Checkout) {
	for n := range subscriptions {
		s := &subscriptions[n]
		if key == "" || s.Metadata == nil || s.Metadata[key] != "" || s.CustomerID != customerID {
			continue
		}
		s.PlanNamed = ""
		for _, session := range sessions {
			if session.SubscriptionID == s.ID {
				s.PlanNamed = session.Metadata[key]
			}
		}
	}
}
