package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// justBegun is how long a subscription may exist before the checkout session that began it
// is certain to name it.
const justBegun = time.Hour

// interpret gives observed subscriptions what Stripe does not say of them now: the names of
// their prices at purchase, the plan that the app named, and since when they are unpaid.
func (r *run) interpret(ctx context.Context, observed []lockstep.Subscription, at time.Time) error {
	look := map[string]bool{} // whose sessions
	for n := range observed {
		s := &observed[n]
		was := r.knownSubscription(s.ID)
		s.Items = slices.Clone(s.Items) // one that is kept shares them with what was known
		err := r.Book.Name(ctx, r.Catalog, pricebook.Lookup{Items: s.Items, Known: was.Items, Recurring: true})
		if err != nil {
			return err
		}
		if s.Metadata == nil {
			continue // Stripe no longer has it; kept as it was
		}
		*s = s.Owing(was, at)
		if r.Catalog.PlanMetadata == "" {
			continue
		}
		if s.PlanNamed = s.Metadata[r.Catalog.PlanMetadata]; s.PlanNamed == "" {
			s.PlanNamed = was.PlanNamed
			if !s.Ended() && (was.ID == "" || at.Sub(s.CreatedAt) < justBegun) {
				look[s.CustomerID] = true
			}
		}
	}
	if r.scope.Has(lockstep.ScopePayments) {
		return nil // findPayments reads the sessions anyway
	}
	for _, customerID := range slices.Sorted(maps.Keys(look)) {
		sessions, err := r.Billing.Checkouts(ctx, customerID)
		if errors.Is(err, lockstep.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list checkout sessions: %w", err)
		}
		r.nameAtCheckout(observed, customerID, sessions)
	}
	return nil
}

func (r *run) knownSubscription(id string) lockstep.Subscription {
	for _, s := range r.now.Subscriptions {
		if s.ID == id {
			return s
		}
	}
	return lockstep.Subscription{}
}

// nameAtCheckout gives a customer's subscriptions the plan that the app named in the metadata
// of the session that began them. sessions are all of the customer's. The subscription's own
// metadata counts more.
func (r *run) nameAtCheckout(subscriptions []lockstep.Subscription, customerID string, sessions []lockstep.Checkout) {
	key := r.Catalog.PlanMetadata
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

// itemLook is when the first item of a subscription ends whose items end at different times;
// zero: they end together, or it is over. Stripe is asked then: a renewal may have changed
// one item only, and its event may be lost.
func itemLook(s lockstep.Subscription, at time.Time) (first time.Time) {
	differ := false
	for _, i := range s.Items {
		differ = differ || !i.PeriodEnd.Equal(s.Items[0].PeriodEnd)
		if i.PeriodEnd.After(at) {
			first = sooner(first, i.PeriodEnd)
		}
	}
	if !differ || s.Ended() {
		return time.Time{}
	}
	return first
}
