package stripesim

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/catalog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

// The types that callers use, under one import path.
type (
	// State is everything that a simulated account remembers.
	State = state.State
	// Customer is a customer.
	Customer = state.Customer
	// Subscription is a subscription.
	Subscription = state.Subscription
	// SubscriptionItem is one price of a subscription.
	SubscriptionItem = state.SubscriptionItem
	// CheckoutSession is a checkout session.
	CheckoutSession = state.CheckoutSession
	// Invoice is an invoice.
	Invoice = state.Invoice
	// Charge is a charge.
	Charge = state.Charge
	// Price is a price.
	Price = state.Price
	// Endpoint is a webhook endpoint.
	Endpoint = state.Endpoint
	// Event is an event with the snapshot of its object.
	Event = eventlog.Event
	// Contact is the billing details of a payment method.
	Contact = api.Contact
	// Address is a postal address.
	Address = api.Address
	// Error is an error answer of the API.
	Error = api.Error
	// Dunning says what happens when payments of invoices fail.
	Dunning = billing.Dunning
	// Plan is a product with a price.
	Plan = catalog.Plan
)

// Speaks reports whether the simulator knows an API version.
func Speaks(apiVersion string) bool { return version.Speaks(apiVersion) }
