package intents

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Intents) paymentRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/payment_intents", intentParams+" confirm confirmation_method automatic_payment_methods"+confirmParams, s.createPaymentIntent),
		api.Op(http.MethodGet, "/v1/payment_intents", "customer created"+api.Paging, s.listPaymentIntents),
		api.Op(http.MethodGet, "/v1/payment_intents/{}", "client_secret", s.retrievePaymentIntent),
		api.Op(http.MethodPost, "/v1/payment_intents/{}", intentParams+" payment_method payment_method_data",
			s.updatePaymentIntent),
		api.Op(http.MethodPost, "/v1/payment_intents/{}/confirm",
			"capture_method client_secret payment_method_types receipt_email setup_future_usage shipping"+confirmParams,
			s.confirmPaymentIntent),
		api.Op(http.MethodPost, "/v1/payment_intents/{}/capture",
			"amount_to_capture final_capture metadata statement_descriptor statement_descriptor_suffix",
			s.capturePaymentIntent),
		api.Op(http.MethodPost, "/v1/payment_intents/{}/cancel", "cancellation_reason", s.cancelPaymentIntent),
	}
}

func (s *Intents) retrievePaymentIntent(c *api.Call) (api.Object, error) {
	intent, err := s.Payments.PaymentIntent(c)
	if err != nil {
		return nil, err
	}
	return s.ShowPaymentIntent(intent), nil
}

func (s *Intents) listPaymentIntents(c *api.Call) (api.Object, error) {
	customer, within := c.Text("customer"), api.CreatedFilter(c)
	return api.Paginate(c, s.State.PaymentIntents.Newest(), func(p *state.PaymentIntent) bool {
		return (customer == "" || p.Customer == customer) && within(p.Created)
	}, s.ShowPaymentIntent)
}
