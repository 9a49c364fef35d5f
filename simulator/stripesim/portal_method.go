package stripesim

// SetCard attaches a card to a customer and makes it the default of the
// customer and of its live subscriptions, as the portal does. Open invoices are
// tried again at their next retry, not at once.
func (s *Stripe) SetCard(customerID, number string) error {
	var err error
	s.change(customerID, func() {
		var customer *Customer
		if customer, err = s.liveCustomer(customerID, "customer"); err != nil {
			return
		}
		if failure := s.setCard(customer, number); failure != nil {
			err = failure
		}
	})
	return err
}

func (s *Stripe) setCard(customer *Customer, number string) *Error {
	method, failure := s.newPaymentMethod(number, Contact{Email: customer.Email})
	if failure != nil {
		return failure
	}
	s.attach(method, customer.ID)
	s.makeDefault(customer, method)
	return nil
}

// makeDefault makes a method the default of a customer, and of those live
// subscriptions that have their own.
func (s *Stripe) makeDefault(customer *Customer, method *PaymentMethod) {
	s.changeCustomer(customer, func() { customer.DefaultPaymentMethod = method.ID })
	for _, subscription := range s.state.Subscriptions.Of(customer.ID) {
		if subscription.live() && subscription.DefaultPaymentMethod != "" {
			s.changeSubscription(subscription, func() { subscription.DefaultPaymentMethod = method.ID })
		}
	}
}

// detach takes a method from its customer; it cannot be used again.
func (s *Stripe) detach(method *PaymentMethod) {
	before := s.showPaymentMethod(method)
	method.Customer, method.Retired = "", true
	s.emit("payment_method.detached", s.showPaymentMethod(method), previous(before, s.showPaymentMethod(method)))
}

// addInPortal sets a typed card up and makes it the default. It leads to the
// challenge of a card that asks for one; what follows then is followSetup.
func (s *Stripe) addInPortal(v *visit, number string) (next string, err error) {
	method, failure := s.newPaymentMethod(number, Contact{Email: v.customer.Email})
	if failure != nil {
		return "", failure
	}
	intent := s.newSetupIntent(SetupIntent{Customer: v.customer.ID, Portal: v.portal.ID,
		ReturnURL: s.link(v.home() + "/payment-methods/outcome")})
	if failure := s.setUp(intent, method); failure != nil {
		return "", failure
	}
	if intent.Status == "requires_action" {
		return s.challengeURL(intent.ID), nil
	}
	s.makeDefault(v.customer, method)
	return s.finish(v, "added"), nil
}

// followPortal makes the method the default that was set up in the portal, and
// ends the flow that it was set up in.
func (s *Stripe) followPortal(intent *SetupIntent) {
	portal := s.state.Portals.Get(intent.Portal)
	customer, err := s.liveCustomer(intent.Customer, "")
	if portal == nil || err != nil || intent.Status != "succeeded" {
		return
	}
	s.makeDefault(customer, s.state.PaymentMethods.Get(intent.PaymentMethod))
	if flow := portal.Flow; flow != nil && flow.Type == "payment_method_update" {
		flow.Done = true
	}
}
