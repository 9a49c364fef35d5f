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
	about    about
	scope    lockstep.Scope
	priority lockstep.Priority
}

const (
	subscriptions = lockstep.ScopeSubscriptions
	identity      = lockstep.ScopeIdentity
	members       = lockstep.ScopeIdentity | lockstep.ScopeMembers
	deleted       = lockstep.ScopeIdentity | lockstep.ScopeDeleted
	gone          = lockstep.ScopeCustomer | lockstep.ScopeSubscriptions
)

// routes is the table of the event types that matter. Events of all other types are stored as ignored.
//
// A created or updated customer matters only while it is not linked: its metadata may name an account
// now. So it marks a linked account with no scope, for a run without a read.
var routes = map[lockstep.Source]map[string]route{
	lockstep.Stripe: {
		"checkout.session.completed":               {theCheckout, subscriptions, lockstep.Interactive},
		"checkout.session.async_payment_succeeded": {theCheckout, subscriptions, lockstep.Interactive},
		"checkout.session.async_payment_failed":    {theCheckout, subscriptions, lockstep.Interactive},
		"checkout.session.expired":                 {theCheckout, 0, lockstep.Background},

		"customer.subscription.created":                {theCustomer, subscriptions, lockstep.Interactive},
		"customer.subscription.updated":                {theCustomer, subscriptions, lockstep.Normal},
		"customer.subscription.deleted":                {theCustomer, subscriptions, lockstep.Normal},
		"customer.subscription.paused":                 {theCustomer, subscriptions, lockstep.Normal},
		"customer.subscription.resumed":                {theCustomer, subscriptions, lockstep.Normal},
		"customer.subscription.pending_update_applied": {theCustomer, subscriptions, lockstep.Normal},
		"customer.subscription.pending_update_expired": {theCustomer, subscriptions, lockstep.Normal},
		"customer.subscription.trial_will_end":         {theCustomer, subscriptions, lockstep.Background},

		"invoice.paid":                    {theCustomer, subscriptions, lockstep.Normal},
		"invoice.payment_succeeded":       {theCustomer, subscriptions, lockstep.Normal},
		"invoice.payment_failed":          {theCustomer, subscriptions, lockstep.Normal},
		"invoice.payment_action_required": {theCustomer, subscriptions, lockstep.Normal},
		"invoice.marked_uncollectible":    {theCustomer, subscriptions, lockstep.Normal},
		"invoice.upcoming":                {theCustomer, subscriptions, lockstep.Background},

		"payment_intent.succeeded":      {thePayment, subscriptions, lockstep.Normal},
		"payment_intent.payment_failed": {thePayment, subscriptions, lockstep.Normal},
		"payment_intent.canceled":       {thePayment, subscriptions, lockstep.Normal},

		"customer.created": {theCustomer, 0, lockstep.Background},
		"customer.updated": {theCustomer, 0, lockstep.Background},
		"customer.deleted": {theCustomer, gone, lockstep.Normal},

		"charge.refunded":                 {thePayment, 0, lockstep.Normal},
		"refund.failed":                   {thePayment, 0, lockstep.Normal}, // the money did not go back after all
		"refund.updated":                  {thePayment, 0, lockstep.Normal}, // or the refund was canceled
		"charge.dispute.created":          {thePayment, 0, lockstep.Normal},
		"charge.dispute.updated":          {thePayment, 0, lockstep.Normal},
		"charge.dispute.closed":           {thePayment, 0, lockstep.Normal},
		"charge.dispute.funds_withdrawn":  {thePayment, 0, lockstep.Normal},
		"charge.dispute.funds_reinstated": {thePayment, 0, lockstep.Normal},

		"entitlements.active_entitlement_summary.updated": {theCustomer, subscriptions, lockstep.Normal},

		"price.created":   {thePrices, 0, lockstep.Normal},
		"price.updated":   {thePrices, 0, lockstep.Normal},
		"price.deleted":   {thePrices, 0, lockstep.Normal},
		"product.updated": {thePrices, 0, lockstep.Normal},
		"product.deleted": {thePrices, 0, lockstep.Normal},
	},
	lockstep.Clerk: {
		"user.created":         {theIdentity, identity, lockstep.Interactive},
		"user.updated":         {theIdentity, identity, lockstep.Normal},
		"user.deleted":         {theIdentity, deleted, lockstep.Normal},
		"organization.created": {theIdentity, identity, lockstep.Normal},
		"organization.updated": {theIdentity, identity, lockstep.Normal},
		"organization.deleted": {theIdentity, deleted, lockstep.Normal},

		"organizationMembership.created": {theIdentity, members, lockstep.Background},
		"organizationMembership.deleted": {theIdentity, members, lockstep.Background},
	},
}

// Types returns the event types of a source that matter, sorted.
func Types(source lockstep.Source) []string { return slices.Sorted(maps.Keys(routes[source])) }

// delays lets the events of one change gather, so that one run handles all of them: long for background
// work, and short while a user waits.
var delays = map[lockstep.Priority]time.Duration{
	lockstep.Interactive: 40 * time.Millisecond,
	lockstep.Normal:      300 * time.Millisecond,
	lockstep.Background:  2 * time.Second,
}

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
	d.Mark = &lockstep.Mark{Key: key, Scope: r.scope, Priority: r.priority, Delay: delays[r.priority]}
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
		// metadata. Refunds and disputes have none of our metadata either, but scope 0: they
		// matter only for a one-time payment.
		if !payment.IsZero() && (h.Ours || customer.IsZero() || r.scope == 0) {
			return payment
		}
		return customer
	}
	return customer
}
