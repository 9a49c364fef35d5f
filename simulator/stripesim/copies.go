package stripesim

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Customers copies all customers, oldest first, deleted ones too.
func (s *Stripe) Customers() []state.Customer {
	var all []state.Customer
	s.account.World.View(func() {
		for customer := range s.account.State.Customers.Oldest() {
			all = append(all, customer.Clone())
		}
	})
	return all
}

// Subscriptions copies all subscriptions, oldest first, ended ones too.
func (s *Stripe) Subscriptions() []state.Subscription {
	var all []state.Subscription
	s.account.World.View(func() {
		for subscription := range s.account.State.Subscriptions.Oldest() {
			all = append(all, subscription.Clone())
		}
	})
	return all
}

// CheckoutSessions copies all checkout sessions, oldest first.
func (s *Stripe) CheckoutSessions() []state.CheckoutSession {
	var all []state.CheckoutSession
	s.account.World.View(func() {
		for session := range s.account.State.Sessions.Oldest() {
			all = append(all, session.Clone())
		}
	})
	return all
}

// Invoices copies all invoices, oldest first.
func (s *Stripe) Invoices() []state.Invoice {
	var all []state.Invoice
	s.account.World.View(func() {
		for invoice := range s.account.State.Invoices.Oldest() {
			all = append(all, invoice.Clone())
		}
	})
	return all
}

// Charges copies all charges, oldest first.
func (s *Stripe) Charges() []state.Charge {
	var all []state.Charge
	s.account.World.View(func() {
		for charge := range s.account.State.Charges.Oldest() {
			all = append(all, *charge)
		}
	})
	return all
}

// Prices copies all prices, oldest first.
func (s *Stripe) Prices() []state.Price {
	var all []state.Price
	s.account.World.View(func() {
		for price := range s.account.State.Prices.Oldest() {
			all = append(all, *price)
		}
	})
	return all
}

// Events copies the events of the last 30 days, oldest first.
func (s *Stripe) Events() []eventlog.Event {
	var all []eventlog.Event
	s.account.World.View(func() {
		s.events.ForgetEvents()
		for event := range s.account.State.Log.Oldest() {
			all = append(all, *event)
		}
	})
	return all
}

// DeleteCustomer deletes a customer as the API does: live subscriptions are
// canceled first.
func (s *Stripe) DeleteCustomer(id string) error {
	var err error
	s.account.Change(id, func() {
		var customer *state.Customer
		if customer, err = s.account.LiveCustomer(id, "id"); err == nil {
			s.billing.DeleteCustomer(customer)
		}
	})
	return err
}
