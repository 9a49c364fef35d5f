package stripesim

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/catalog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

// The types that a simulator's callers meet, by one import path.
type (
	// State is everything a simulated Stripe remembers.
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
	// Contact is who a payment method belongs to.
	Contact = api.Contact
	// Address is a postal address.
	Address = api.Address
	// Error is what the API answers when it refuses a request.
	Error = api.Error
	// Dunning is what failed payments lead to.
	Dunning = billing.Dunning
	// Plan is a product with a price.
	Plan = catalog.Plan
)

// Speaks reports whether the simulator knows an API version.
func Speaks(apiVersion string) bool { return version.Speaks(apiVersion) }
