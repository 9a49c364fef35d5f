package ingest

import (
	"maps"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// about says which of an event's ids becomes the key to mark.
type about int

const (
	theCustomer about = iota // the customer, or the account it is linked to
	theCheckout              // the session of a one-time payment; the customer of any other session
	thePayment               // the payment intent, if only a one-time payment can matter
	theIdentity              // the directory's user or organization
	thePrices                // the memory of prices and products
)

// route says what events of a type mark.
type route struct {
	about   about
	scope   lockstep.Scope
	urgency urgency
}

// urgency says when the run of a mark starts. The delay lets the events of one change gather, so that one
// run handles all of them. After a run that found the key settled, every event also waits for the end of
// the quiet period that the run started: see [lockstep.Outcome].
type urgency struct {
	priority lockstep.Priority
	delay    time.Duration
	eager    bool // without the delay if the account has no access
}

var (
	bought   = urgency{priority: lockstep.Interactive}                                        // a buyer waits
	mayGrant = urgency{priority: lockstep.Normal, delay: 300 * time.Millisecond, eager: true} // access, or be a renewal's
	awaited  = urgency{priority: lockstep.Interactive, delay: 40 * time.Millisecond}          // by a user
	soon     = urgency{priority: lockstep.Normal, delay: 300 * time.Millisecond}
	later    = urgency{priority: lockstep.Background, delay: 2 * time.Second}
	// spare lets the event of the checkout session come first: the payment alone costs one read more.
	spare = urgency{priority: lockstep.Normal, delay: 2500 * time.Millisecond}
)

const (
	subscriptions = lockstep.ScopeSubscriptions
	identity      = lockstep.ScopeIdentity
	members       = lockstep.ScopeIdentity | lockstep.ScopeMembers
	deleted       = lockstep.ScopeIdentity | lockstep.ScopeDeleted
	gone          = lockstep.ScopeCustomer | lockstep.ScopeSubscriptions
	refunds       = lockstep.ScopePayments
	paid          = lockstep.ScopeSubscriptions | lockstep.ScopePaid
)

// routes is the table of the event types that matter. Events of all other types are stored as ignored.
//
// A created or updated customer matters only while it is not linked: its metadata may name an account
// now. So it marks a linked account with no scope, for a run without a read.
var routes = map[lockstep.Source]map[string]route{
	lockstep.Stripe: {
		"checkout.session.completed":               {theCheckout, subscriptions, bought},
		"checkout.session.async_payment_succeeded": {theCheckout, subscriptions, bought},
		"checkout.session.async_payment_failed":    {theCheckout, subscriptions, awaited},
		"checkout.session.expired":                 {theCheckout, 0, later},

		"customer.subscription.created":                {theCustomer, subscriptions, bought},
		"customer.subscription.updated":                {theCustomer, subscriptions, mayGrant},
		"customer.subscription.deleted":                {theCustomer, subscriptions, soon},
		"customer.subscription.paused":                 {theCustomer, subscriptions, soon},
		"customer.subscription.resumed":                {theCustomer, subscriptions, mayGrant},
		"customer.subscription.pending_update_applied": {theCustomer, subscriptions, soon},
		"customer.subscription.pending_update_expired": {theCustomer, subscriptions, soon},
		"customer.subscription.trial_will_end":         {theCustomer, subscriptions, later},

		"invoice.paid":                    {theCustomer, subscriptions, mayGrant},
		"invoice.payment_succeeded":       {theCustomer, subscriptions, soon},
		"invoice.payment_failed":          {theCustomer, subscriptions, soon},
		"invoice.payment_action_required": {theCustomer, subscriptions, soon},
		"invoice.marked_uncollectible":    {theCustomer, subscriptions, soon},
		"invoice.upcoming":                {theCustomer, subscriptions, later},

		"payment_intent.succeeded":      {thePayment, paid, spare},
		"payment_intent.payment_failed": {thePayment, subscriptions, soon},
		"payment_intent.canceled":       {thePayment, subscriptions, soon},

		"customer.created": {theCustomer, 0, later},
		"customer.updated": {theCustomer, 0, later},
		"customer.deleted": {theCustomer, gone, soon},

		"charge.refunded":                 {thePayment, refunds, soon},
		"refund.failed":                   {thePayment, refunds, soon}, // the money did not go back after all
		"refund.updated":                  {thePayment, refunds, soon}, // or the refund was canceled
		"charge.dispute.created":          {thePayment, refunds, soon},
		"charge.dispute.updated":          {thePayment, refunds, soon},
		"charge.dispute.closed":           {thePayment, refunds, soon},
		"charge.dispute.funds_withdrawn":  {thePayment, refunds, soon},
		"charge.dispute.funds_reinstated": {thePayment, refunds, soon},

		"entitlements.active_entitlement_summary.updated": {theCustomer, subscriptions, soon},

		"price.created":   {thePrices, 0, soon},
		"price.updated":   {thePrices, 0, soon},
		"price.deleted":   {thePrices, 0, soon},
		"product.updated": {thePrices, 0, soon},
		"product.deleted": {thePrices, 0, soon},
	},
	lockstep.Clerk: {
		"user.created":         {theIdentity, identity, awaited},
		"user.updated":         {theIdentity, identity, soon},
		"user.deleted":         {theIdentity, deleted, soon},
		"organization.created": {theIdentity, identity, soon},
		"organization.updated": {theIdentity, identity, soon},
		"organization.deleted": {theIdentity, deleted, soon},

		"organizationMembership.created": {theIdentity, members, later},
		"organizationMembership.deleted": {theIdentity, members, later},
	},
}

// Types returns the event types of a source that matter, sorted.
func Types(source lockstep.Source) []string { return slices.Sorted(maps.Keys(routes[source])) }

// Granting returns the event types after which an account may gain access, sorted: someone has bought,
// paid or resumed something.
func Granting() (types []string) {
	for name, r := range routes[lockstep.Stripe] {
		if r.urgency == bought || r.urgency.eager || r.scope.Has(lockstep.ScopePaid) {
			types = append(types, name)
		}
	}
	slices.Sort(types)
	return types
}

// ScopeOf returns what an event says may have changed: what its type marks.
func ScopeOf(e lockstep.Event) lockstep.Scope { return routes[e.Source][e.Type].scope }

// deliveryOf returns a verified event, received at now, with the mark that it makes.
func deliveryOf(h lockstep.Hint, origin lockstep.Origin, now time.Time) lockstep.Delivery {
	d := lockstep.Delivery{Event: h.Event}
	d.Event.Origin, d.Event.ReceivedAt = origin, now
	r, known := routes[h.Event.Source][h.Event.Type]
	switch {
	case h.Foreign != "":
		d.Event.Reason = h.Foreign
		return d
	case !known:
		d.Event.Reason = "events of this type change nothing"
		return d
	}
	key := r.key(h)
	if key.IsZero() && h.Thin && h.Event.ObjectID != "" {
		key = lockstep.Key{Kind: lockstep.KeyObject, ID: h.Event.ObjectID}
	}
	if key.IsZero() {
		d.Event.Reason = "the event names no object to look up"
		return d
	}
	d.Mark = &lockstep.Mark{Key: key, Scope: r.scope, Priority: r.urgency.priority, Delay: r.urgency.delay,
		Gathers: true, Eager: r.urgency.eager}
	return d
}

// key returns the key that the event marks; the zero key if the event lacks the id.
func (r route) key(h lockstep.Hint) lockstep.Key {
	customer := lockstep.Key{Kind: lockstep.KeyCustomer, ID: h.Event.CustomerID}
	payment := lockstep.Key{Kind: lockstep.KeyPayment, ID: h.PaymentID}
	if customer.ID == "" {
		customer = lockstep.Key{}
	}
	if payment.ID == "" {
		payment = lockstep.Key{}
	}
	switch r.about {
	case thePrices:
		return lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.PricesSweep}
	case theIdentity:
		if h.Account.IsZero() {
			return lockstep.Key{}
		}
		return h.Account.Key()
	case theCheckout:
		if h.CheckoutID != "" && (h.Mode == "payment" || customer.IsZero()) {
			return lockstep.Key{Kind: lockstep.KeyCheckout, ID: h.CheckoutID}
		}
		return customer
	case thePayment:
		// An invoice's payment belongs to a subscription: it has a customer and none of our
		// metadata. Refunds and disputes have none of our metadata either, but they matter only for
		// a one-time payment.
		if !payment.IsZero() && (h.Ours || customer.IsZero() || r.scope == refunds) {
			return payment
		}
		return customer
	}
	return customer
}
