package stripesim

// Customers copies all customers, oldest first, deleted ones too.
func (s *Stripe) Customers() []Customer {
	var all []Customer
	s.world.View(func() {
		for customer := range s.state.Customers.Oldest() {
			all = append(all, customer.clone())
		}
	})
	return all
}

// Subscriptions copies all subscriptions, oldest first, ended ones too.
func (s *Stripe) Subscriptions() []Subscription {
	var all []Subscription
	s.world.View(func() {
		for subscription := range s.state.Subscriptions.Oldest() {
			all = append(all, subscription.clone())
		}
	})
	return all
}

// CheckoutSessions copies all checkout sessions, oldest first.
func (s *Stripe) CheckoutSessions() []CheckoutSession {
	var all []CheckoutSession
	s.world.View(func() {
		for session := range s.state.Sessions.Oldest() {
			all = append(all, session.clone())
		}
	})
	return all
}

// Invoices copies all invoices, oldest first.
func (s *Stripe) Invoices() []Invoice {
	var all []Invoice
	s.world.View(func() {
		for invoice := range s.state.Invoices.Oldest() {
			all = append(all, invoice.clone())
		}
	})
	return all
}

// Charges copies all charges, oldest first.
func (s *Stripe) Charges() []Charge {
	var all []Charge
	s.world.View(func() {
		for charge := range s.state.Charges.Oldest() {
			all = append(all, *charge)
		}
	})
	return all
}

// Prices copies all prices, oldest first.
func (s *Stripe) Prices() []Price {
	var all []Price
	s.world.View(func() {
		for price := range s.state.Prices.Oldest() {
			all = append(all, *price)
		}
	})
	return all
}

// Events copies the events of the last 30 days, oldest first.
func (s *Stripe) Events() []Event {
	var all []Event
	s.world.View(func() {
		s.forgetEvents()
		for event := range s.state.log.oldest() {
			all = append(all, *event)
		}
	})
	return all
}

// DeleteCustomer deletes a customer as the API does: live subscriptions are
// canceled first.
func (s *Stripe) DeleteCustomer(id string) error {
	var err error
	s.change(id, func() {
		var customer *Customer
		if customer, err = s.liveCustomer(id, "id"); err == nil {
			s.deleteCustomer(customer)
		}
	})
	return err
}
