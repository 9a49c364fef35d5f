package intents

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/payments"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// followPortal makes a payment method that was added in the portal the default,
// and ends the flow that added it.
func (s *Intents) followPortal(intent *state.SetupIntent) {
	portal := s.State.Portals.Get(intent.Portal)
	customer, err := s.LiveCustomer(intent.Customer, "")
	if portal == nil || err != nil || intent.Status != "succeeded" {
		return
	}
	s.Billing.MakeDefault(customer, s.State.PaymentMethods.Get(intent.PaymentMethod))
	if flow := portal.Flow; flow != nil && flow.Type == "payment_method_update" {
		flow.Done = true
	}
}

// setUpWith confirms a setup intent with the given payment method, or else with
// its own.
func (s *Intents) setUpWith(intent *state.SetupIntent, how confirmation) *api.Error {
	method := how.method
	if method == nil {
		method = s.State.PaymentMethods.Get(intent.PaymentMethod)
	}
	switch {
	case method == nil:
		return unexpectedSetup(intent, "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.")
	case intent.Types != nil && !slices.Contains(intent.Types, method.Kind()):
		return api.InvalidCode("setup_intent_invalid_parameter", "payment_method",
			"The PaymentMethod provided (%s) is not allowed for this SetupIntent. Please attach a PaymentMethod of one of the following types: %v.", method.Kind(), intent.Types)
	case method.Kind() == "sepa_debit" && !how.mandate:
		return api.InvalidCode("setup_intent_mandate_invalid", "mandate_data",
			"This SetupIntent requires a mandate. Collect mandate acceptance from the customer and try again, providing acceptance data in the `mandate_data` parameter.")
	}
	return s.SetUp(intent, method)
}

// SetUp verifies a payment method with its bank and saves it. intent.Status
// becomes succeeded, requires_action (continue with Decide) or
// requires_payment_method with an error.
func (s *Intents) SetUp(intent *state.SetupIntent, method *state.PaymentMethod) *api.Error {
	intent.PaymentMethod, intent.Failure = method.ID, nil
	if method.Behaviour().Challenge != state.Never {
		intent.Status = "requires_action"
		s.Events.Emit("setup_intent.requires_action", s.ShowSetupIntent(intent), nil)
		return nil
	}
	return s.verify(intent, method)
}

func (s *Intents) verify(intent *state.SetupIntent, method *state.PaymentMethod) *api.Error {
	if how := method.Behaviour(); how.Decline != "" && !how.Attaches && !how.Delayed {
		return s.setupFailed(intent, how.Failure(method))
	}
	if intent.Session != "" {
		session := s.State.Sessions.Get(intent.Session)
		s.Payments.EnsureCustomer(session)
		intent.Customer = session.Customer
	}
	if intent.Customer != "" {
		s.Customers.Attach(method, intent.Customer)
	}
	method.SetUp = true
	intent.Status = "succeeded"
	s.Events.Emit("setup_intent.succeeded", s.ShowSetupIntent(intent), nil)
	return nil
}

func (s *Intents) setupFailed(intent *state.SetupIntent, failure *api.Error) *api.Error {
	failure.SetupIntent = intent.ID
	intent.Status, intent.Failure, intent.PaymentMethod = "requires_payment_method", failure, ""
	s.Events.Emit("setup_intent.setup_failed", s.ShowSetupIntent(intent), nil)
	return failure
}

// authenticateSetup passes or fails the challenge of a setup intent.
func (s *Intents) authenticateSetup(intent *state.SetupIntent, passed bool) (completed string, failure *api.Error) {
	if intent.Status != "requires_action" {
		return "", unexpectedSetup(intent, "This SetupIntent has a status of %s: it does not wait for a challenge.",
			intent.Status)
	}
	method := s.State.PaymentMethods.Get(intent.PaymentMethod)
	if !passed {
		return "", s.setupFailed(intent, payments.NotAuthenticated("setup_intent", method))
	}
	if failure := s.verify(intent, method); failure != nil {
		return "", failure
	}
	return s.followSetup(intent), nil
}

// followSetup completes the checkout session of a setup intent, or finishes its
// portal flow.
func (s *Intents) followSetup(intent *state.SetupIntent) (completed string) {
	s.followPortal(intent)
	session := s.State.Sessions.Get(intent.Session)
	if session == nil || session.Status != "open" || intent.Status != "succeeded" {
		return ""
	}
	return s.Checkout.Complete(session)
}
