package lockstep

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Obstacle is a reason why a purchase would charge an account twice.
type Obstacle struct {
	Kind ObstacleKind
	ID   string // the existing subscription, license or checkout session
	Plan string // its plan; may be empty
	// Claimed: a claimed customer pays for it, so the account's own portal does not show it.
	Claimed bool
}

// ObstacleKind is the type of an obstacle.
type ObstacleKind string

// The obstacles.
const (
	AlreadySubscribed ObstacleKind = "already-subscribed" // a subscription has the same plan; change it in the portal
	OtherSubscription ObstacleKind = "other-subscription" // a subscription has another plan; change it in the portal
	AlreadyBought     ObstacleKind = "already-bought"     // a license has the plan
	PaymentUnderWay   ObstacleKind = "payment-under-way"  // a payment is not confirmed yet
	FirstPaymentOpen  ObstacleKind = "first-payment-open" // an incomplete subscription: pay it or give it up
)

// confirmation is the age up to which a paid session without a license counts as a payment in
// progress. Stripe's sessions stay open for a day; the extra hour lets us create the license.
const confirmation = 25 * time.Hour

// Holdings are an account's purchases, as read before a new purchase.
type Holdings struct {
	Subscriptions []Subscription
	Licenses      []License
	Checkouts     []Checkout // sessions of its customer
	Claimed       []string   // claimed customers among those of Subscriptions
	Several       bool       // the policy allows several subscriptions with different plans
}

// Obstacle reports whether buying a price would charge an account twice. These are obstacles:
//
//   - A subscription with the same plan that has not ended. Even an unpaid or paused one continues
//     once it is paid.
//   - When buying a subscription: a subscription with any plan, unless the policy allows several, or
//     a claimed customer pays for it. A gift must not prevent a purchase.
//   - A license with the same plan that is valid or whose payment is processing.
//   - A recently completed one-time payment that has no license yet.
//   - If there is nothing else: a subscription with an open first payment that would be an obstacle
//     once paid.
//
// Buying a license for the plan of a running subscription is allowed: this is how an account changes
// from paying monthly to paying once.
func (c Catalog) Obstacle(p Price, has Holdings, now time.Time) (Obstacle, bool) {
	wanted := p.Item()
	var open Obstacle
	for _, s := range has.Subscriptions {
		o, inTheWay := c.subscribed(p, s, has)
		switch {
		case !inTheWay:
		case s.Status == "incomplete" && o.Claimed: // another person's unpaid subscription
		case s.Status == "incomplete":
			open = Obstacle{Kind: FirstPaymentOpen, ID: s.ID, Plan: o.Plan}
		default:
			return o, true
		}
	}
	for _, l := range has.Licenses {
		g, _ := c.ofLicense(l, now)
		counts := g.reason.Grants || l.Status == LicensePending
		if counts && slices.ContainsFunc(g.gifts, func(g gift) bool { return c.samePlan(g, wanted) }) {
			if l.Status == LicensePending {
				return Obstacle{Kind: PaymentUnderWay, ID: l.ID, Plan: g.reason.Plan}, true
			}
			return Obstacle{Kind: AlreadyBought, ID: l.ID, Plan: g.reason.Plan}, true
		}
	}
	for _, s := range has.Checkouts {
		_, paid := LicenseOf(s, Account{})
		recorded := slices.ContainsFunc(has.Licenses, func(l License) bool { return l.ID == s.ID })
		if paid && !recorded && now.Sub(s.CreatedAt) < confirmation {
			return Obstacle{Kind: PaymentUnderWay, ID: s.ID}, true
		}
	}
	return open, open.Kind != ""
}

// subscribed reports whether a subscription is an obstacle to buying a price.
func (c Catalog) subscribed(p Price, s Subscription, has Holdings) (Obstacle, bool) {
	if !p.Recurring || s.Ended() {
		return Obstacle{}, false
	}
	claimed := slices.Contains(has.Claimed, s.CustomerID)
	gifts, wanted := c.gifts(s.Items, s.PlanNamed), p.Item()
	if at := slices.IndexFunc(gifts, func(g gift) bool { return c.samePlan(g, wanted) }); at >= 0 {
		return Obstacle{Kind: AlreadySubscribed, ID: s.ID, Plan: gifts[at].plan.Name, Claimed: claimed}, true
	}
	if has.Several || claimed {
		return Obstacle{}, false
	}
	o := Obstacle{Kind: OtherSubscription, ID: s.ID}
	if len(gifts) > 0 {
		o.Plan = gifts[0].plan.Name
	}
	return o, true
}

// samePlan reports whether a gift has the plan of a wanted item. Items that the catalog does not list
// also match by product.
func (c Catalog) samePlan(has gift, wanted Item) bool {
	switch {
	case has.item.PriceID == wanted.PriceID && wanted.PriceID != "":
		return true
	case has.plan.Name == c.plan(wanted).Name:
		return has.plan.Name != ""
	case c.knows(has.item) || c.knows(wanted):
		return false
	}
	return has.item.ProductID == wanted.ProductID && wanted.ProductID != ""
}

// Trial returns the days of trial for a purchase, and whether it needs no card. asked is the requested
// number of days; 0 means the plan's trial_days. An account gets one trial unless repeated is set;
// used reports that it has had its trial.
func (c Catalog) Trial(p Price, asked int64, subscriptions []Subscription,
	repeated bool) (days int64, withoutCard, used bool) {
	plan := c.plan(p.Item())
	days = asked
	if days == 0 && p.Recurring {
		days = plan.TrialDays
	}
	if days == 0 || !p.Recurring {
		return days, false, false
	}
	had := slices.ContainsFunc(subscriptions, func(s Subscription) bool { return !s.TrialEnd.IsZero() })
	if had && !repeated {
		return 0, false, true
	}
	return days, plan.TrialWithoutCard, false
}

// TrialRule says how many trials are given.
type TrialRule string

// The rules.
const (
	TrialPerAccount TrialRule = "account" // the default: one for each account
	TrialPerEmail   TrialRule = "email"   // and one for each verified address, also after its account was deleted
)

// Validate reports a rule that does not exist.
func (r TrialRule) Validate() error {
	switch r {
	case "", TrialPerAccount, TrialPerEmail:
		return nil
	}
	return fmt.Errorf("buying.trials_per: %q is not a rule; use %q or %q", string(r), TrialPerAccount, TrialPerEmail)
}

// TrialAddress is the form in which addresses are compared for trials: in lower case and
// without what follows a "+" in the name, since ada+1@… and ada+2@… are one mailbox.
func TrialAddress(email string) string {
	email = strings.ToLower(strings.TrimSpace(email))
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return email
	}
	name, domain := email[:at], email[at:]
	if plain, _, tagged := strings.Cut(name, "+"); tagged && plain != "" {
		name = plain
	}
	return name + domain
}
