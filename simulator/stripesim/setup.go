package stripesim

import "slices"

// setUpWith confirms a setup intent with the method that was sent, else with the
// one it has.
func (s *Stripe) setUpWith(intent *SetupIntent, how confirmation) *Error {
	method := how.method
	if method == nil {
		method = s.state.PaymentMethods.Get(intent.PaymentMethod)
	}
	switch {
	case method == nil:
		return unexpectedSetup(intent, "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.")
	case intent.Types != nil && !slices.Contains(intent.Types, method.kind()):
		return invalidCode("setup_intent_invalid_parameter", "payment_method",
			"The PaymentMethod provided (%s) is not allowed for this SetupIntent. Please attach a PaymentMethod of one of the following types: %v.", method.kind(), intent.Types)
	case method.kind() == "sepa_debit" && !how.mandate:
		return invalidCode("setup_intent_mandate_invalid", "mandate_data",
			"This SetupIntent requires a mandate. Collect mandate acceptance from the customer and try again, providing acceptance data in the `mandate_data` parameter.")
	}
	return s.setUp(intent, method)
}

// setUp verifies a method with its bank and saves it. It leaves intent.Status at
// succeeded, requires_action (decide goes on) or requires_payment_method, which
// is what the returned error is about.
func (s *Stripe) setUp(intent *SetupIntent, method *PaymentMethod) *Error {
	intent.PaymentMethod, intent.Failure = method.ID, nil
	if method.behaviour().challenge != never {
		intent.Status = "requires_action"
		s.emit("setup_intent.requires_action", s.showSetupIntent(intent), nil)
		return nil
	}
	return s.verify(intent, method)
}

func (s *Stripe) verify(intent *SetupIntent, method *PaymentMethod) *Error {
	if how := method.behaviour(); how.decline != "" && !how.attaches && !how.delayed {
		return s.setupFailed(intent, how.failure(method))
	}
	if intent.Session != "" {
		session := s.state.Sessions.Get(intent.Session)
		s.ensureCustomer(session)
		intent.Customer = session.Customer
	}
	if intent.Customer != "" {
		s.attach(method, intent.Customer)
	}
	method.SetUp = true
	intent.Status = "succeeded"
	s.emit("setup_intent.succeeded", s.showSetupIntent(intent), nil)
	return nil
}

func (s *Stripe) setupFailed(intent *SetupIntent, failure *Error) *Error {
	failure.SetupIntent = intent.ID
	intent.Status, intent.Failure, intent.PaymentMethod = "requires_payment_method", failure, ""
	s.emit("setup_intent.setup_failed", s.showSetupIntent(intent), nil)
	return failure
}

// authenticateSetup brings the outcome of the challenge that an intent waits for.
func (s *Stripe) authenticateSetup(intent *SetupIntent, passed bool) (completed string, failure *Error) {
	if intent.Status != "requires_action" {
		return "", unexpectedSetup(intent, "This SetupIntent has a status of %s: it does not wait for a challenge.",
			intent.Status)
	}
	method := s.state.PaymentMethods.Get(intent.PaymentMethod)
	if !passed {
		return "", s.setupFailed(intent, notAuthenticated("setup_intent", method))
	}
	if failure := s.verify(intent, method); failure != nil {
		return "", failure
	}
	return s.followSetup(intent), nil
}

// followSetup completes the checkout session that an intent belongs to, or what
// was begun in the portal.
func (s *Stripe) followSetup(intent *SetupIntent) (completed string) {
	s.followPortal(intent)
	session := s.state.Sessions.Get(intent.Session)
	if session == nil || session.Status != "open" || intent.Status != "succeeded" {
		return ""
	}
	return s.complete(session)
}
