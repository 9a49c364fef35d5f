package stripesim

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Customers returns copies of all customers, oldest first, with deleted ones.
func (s *Stripe) Customers() []state.Customer {
	var all []state.Customer
	s.account.World.View(func() {
		for customer := range s.account.State.Customers.Oldest() {
			all = append(all, customer.Clone())
		}
	})
	return all
}

// Subscriptions returns copies of all subscriptions, oldest first, with ended
// ones.
func (s *Stripe) Subscriptions() []state.Subscription {
	var all []state.Subscription
	s.account.World.View(func() {
		for subscription := range s.account.State.Subscriptions.Oldest() {
			all = append(all, subscription.Clone())
		}
	})
	return all
}

// CheckoutSessions returns copies of all checkout sessions, oldest first.
func (s *Stripe) CheckoutSessions() []state.CheckoutSession {
	var all []state.CheckoutSession
	s.account.World.View(func() {
		for session := range s.account.State.Sessions.Oldest() {
			all = append(all, session.Clone())
		}
	})
	return all
}

// Invoices returns copies of all invoices, oldest first.
func (s *Stripe) Invoices() []state.Invoice {
	var all []state.Invoice
	s.account.World.View(func() {
		for invoice := range s.account.State.Invoices.Oldest() {
			all = append(all, invoice.Clone())
		}
	})
	return all
}

// Charges returns copies of all charges, oldest first.
func (s *Stripe) Charges() []state.Charge {
	var all []state.Charge
	s.account.World.View(func() {
		for charge := range s.account.State.Charges.Oldest() {
			all = append(all, *charge)
		}
	})
	return all
}

// Prices returns copies of all prices, oldest first.
func (s *Stripe) Prices() []state.Price {
	var all []state.Price
	s.account.World.View(func() {
		for price := range s.account.State.Prices.Oldest() {
			all = append(all, *price)
		}
	})
	return all
}

// Events returns copies of the events of the last 30 days, oldest first.
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

// DeleteCustomer deletes a customer as the API does. It cancels live
// subscriptions first.
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
