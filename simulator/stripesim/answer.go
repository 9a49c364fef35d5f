package stripesim

import "github.com/lockstep-dev/lockstep/simulator/stripesim/api"

// about returns the current state of the objects an error is about. Only an
// executed request has such objects. Call it under the world's lock.
func (s *Stripe) about(e *api.Error) api.Object {
	objects := api.Object{}
	if intent := s.account.State.PaymentIntents.Get(e.PaymentIntent); intent != nil {
		objects["payment_intent"] = s.account.ShowPaymentIntent(intent)
	}
	if intent := s.account.State.SetupIntents.Get(e.SetupIntent); intent != nil {
		objects["setup_intent"] = s.account.ShowSetupIntent(intent)
	}
	if method := s.account.State.PaymentMethods.Get(e.PaymentMethod); method != nil {
		objects["payment_method"] = s.account.ShowPaymentMethod(method)
	}
	return objects
}
