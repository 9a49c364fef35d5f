package lockstep

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Obstacle is why a purchase would charge somebody for what they have.
type Obstacle struct {
	Kind ObstacleKind
	ID   string // of the subscription, license or checkout session in the way
	Plan string // what it gives; may be empty
	// Claimed: a customer that only a client_reference_id links to the account pays it, so
	// that the account's own portal does not show it.
	Claimed bool
}

// ObstacleKind says what is in the way.
type ObstacleKind string

// The obstacles.
const (
	AlreadySubscribed ObstacleKind = "already-subscribed" // to the same plan; change it in the portal
	OtherSubscription ObstacleKind = "other-subscription" // change that one in the portal instead
	AlreadyBought     ObstacleKind = "already-bought"     // a license gives the plan already
	PaymentUnderWay   ObstacleKind = "payment-under-way"  // a payment was made and is not confirmed yet
	FirstPaymentOpen  ObstacleKind = "first-payment-open" // of a subscription (incomplete): pay it, or give it up
)

// confirmation is how long ago a session was begun that was paid and of which we
// have no record, to count as a payment under way. Stripe's sessions are open for
// a day; an hour is for the record to be made.
const confirmation = 25 * time.Hour

// Holdings are what an account has, as looked at for a purchase.
type Holdings struct {
	Subscriptions []Subscription
	Licenses      []License
	Checkouts     []Checkout // of its customer
	Claimed       []string   // the customers of Subscriptions that are only claimed
	Several       bool       // whether it may have several subscriptions of different plans
}

// Obstacle says whether buying a price would charge an account a second time:
//
//   - a subscription of the same plan that has not ended: even one that is unpaid or paused
//     goes on when it is paid;
//   - a subscription of any plan, for another subscription, unless it may have several, or
//     somebody else pays the other one: a gift must not keep the account from buying;
//   - a license that gives the same plan, for good or still, or whose payment is under way;
//   - a one-time payment that was completed lately, of which there is no license yet;
//   - if nothing else: a subscription whose first payment is open, as it would be in the way
//     if it were paid.
//
// A license for the plan of a running subscription is none: that is how one changes from
// paying monthly to paying once.
func (c Catalog) Obstacle(p Price, has Holdings, now time.Time) (Obstacle, bool) {
	wanted := p.Item()
	var open Obstacle
	for _, s := range has.Subscriptions {
		o, inTheWay := c.subscribed(p, s, has)
		switch {
		case !inTheWay:
		case s.Status == "incomplete" && o.Claimed: // somebody else's, and nobody has paid it
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

// subscribed says whether a subscription is in the way of buying a price.
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

// samePlan reports whether what somebody has gives the same plan as an item that they want.
// What the catalog does not list is also the same where the product is.
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

// Trial says how many days of a trial a purchase of a price comes with, and whether
// without a card: what was asked for, or what the catalog's plan gives. A second one
// is not given, unless repeated; asked says that it was asked for.
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
