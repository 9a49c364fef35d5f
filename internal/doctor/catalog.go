package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

var (
	unknownPrice = problem("price_unknown", failure,
		"nobody can buy the plan through it, and nobody gets the plan by it",
		"correct it in lockstep.toml, or create it in Stripe in this mode")
	inactivePrice = problem("price_inactive", warning,
		"nobody can buy it any more; those who have it keep the plan",
		"activate it at Stripe Dashboard > Product catalog, or move it to the end of the plan's prices")
	ambiguousPrice = problem("price_ambiguous", warning,
		"whoever buys it gets the first of these plans only", "list the price in one plan")
	idleTrial = problem("plan_trial_without_subscription", warning,
		"one-time payments have no trial", "remove trial_days, or use a recurring price")
	idleDuration = problem("plan_duration_without_payment", warning,
		"the duration applies to one-time payments; Stripe decides when a subscription ends",
		"remove duration, or use a one-time price")
	unreadPrice = problem("price_unread", warning,
		"whether Stripe has it is unknown", "run lockstep doctor again, or give the key Read for Products and Prices")
)

// catalog asks Stripe for every lookup key, price and product that the plans name.
func catalog(ctx context.Context, in *Installation) []lockstep.Finding {
	look := catalogLook{in: in, plans: map[string][]string{}}
	for _, plan := range in.Catalog.Plans {
		look.plan(ctx, plan)
	}
	look.ambiguous()
	if look.asked == 0 {
		return orFine(look.found, "names no prices or products")
	}
	return orFine(look.found, "everything that it names is at Stripe")
}

// catalogLook collects what Stripe does not have.
type catalogLook struct {
	in    *Installation
	asked int
	plans map[string][]string // the plans by the price that gives them
	found []lockstep.Finding
}

func (l *catalogLook) plan(ctx context.Context, plan lockstep.Plan) {
	billing := l.in.Stripe.Client
	var prices []lockstep.Price
	for _, key := range plan.LookupKeys {
		price, err := billing.PriceByLookupKey(ctx, key)
		if l.has(fmt.Sprintf("plan %q: active price with the lookup key %q", plan.Name, key), err) {
			prices = append(prices, price)
		}
	}
	for _, id := range plan.Prices {
		price, err := billing.Price(ctx, id)
		if !l.has(fmt.Sprintf("plan %q: price %q", plan.Name, id), err) {
			continue
		}
		prices = append(prices, price)
		if !price.Active {
			l.found = append(l.found, inactivePrice.found("plan %q: the price %q is inactive", plan.Name, id))
		}
	}
	for _, id := range plan.Products {
		_, err := billing.Product(ctx, id)
		l.has(fmt.Sprintf("plan %q: product %q", plan.Name, id), err)
	}
	l.suits(plan, prices)
	for _, price := range prices {
		if known := l.plans[price.ID]; !slices.Contains(known, plan.Name) {
			l.plans[price.ID] = append(known, plan.Name)
		}
	}
}

// has notes whether Stripe has something.
func (l *catalogLook) has(what string, err error) bool {
	l.asked++
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		l.found = append(l.found, unknownPrice.found("%s is not at Stripe in this mode", what))
	case err != nil:
		l.found = append(l.found, unreadPrice.found("%s: %v", what, err))
	}
	return err == nil
}

// suits checks that what the plan says applies to one of its prices.
func (l *catalogLook) suits(plan lockstep.Plan, prices []lockstep.Price) {
	if len(prices) == 0 || len(plan.Products) > 0 {
		return
	}
	recurring := func(p lockstep.Price) bool { return p.Recurring }
	once := func(p lockstep.Price) bool { return !p.Recurring }
	if plan.TrialDays > 0 && !slices.ContainsFunc(prices, recurring) {
		l.found = append(l.found, idleTrial.found("plan %q has trial_days, but only one-time prices", plan.Name))
	}
	if plan.Duration > 0 && !slices.ContainsFunc(prices, once) {
		l.found = append(l.found, idleDuration.found("plan %q has a duration, but only recurring prices", plan.Name))
	}
}

// ambiguous reports the prices that several plans name in different ways.
func (l *catalogLook) ambiguous() {
	for id, plans := range l.plans {
		if len(plans) > 1 {
			l.found = append(l.found, ambiguousPrice.found("price %q belongs to the plans %s", id, strings.Join(plans, ", ")))
		}
	}
}
