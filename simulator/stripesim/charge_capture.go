package stripesim

import "net/http"

func (s *Stripe) captureRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/charges/{}/capture", "amount receipt_email statement_descriptor statement_descriptor_suffix",
			s.captureCharge),
	}
}
