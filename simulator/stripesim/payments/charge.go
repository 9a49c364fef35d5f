package payments

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Only payment intents create charges. POST /v1/charges, which takes tokens and
// sources, is not simulated.
func (s *Payments) chargeRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodGet, "/v1/charges", "customer payment_intent created"+api.Paging, s.listCharges),
		api.Op(http.MethodGet, "/v1/charges/{}", "", s.retrieveCharge),
		api.Op(http.MethodPost, "/v1/charges/{}", "customer description fraud_details metadata receipt_email shipping",
			s.updateCharge),
	}
}

func (s *Payments) retrieveCharge(c *api.Call) (api.Object, error) {
	if charge := s.State.Charges.Get(c.Path[0]); charge != nil {
		return s.ShowCharge(charge), nil
	}
	return nil, api.NoSuch("charge", c.Path[0], "id")
}

func (s *Payments) listCharges(c *api.Call) (api.Object, error) {
	customer, intent, within := c.Text("customer"), c.Text("payment_intent"), api.CreatedFilter(c)
	charges := s.State.Charges.Newest()
	if intent != "" {
		charges = api.NewestOf(s.State.Charges.Of(intent))
	}
	return api.Paginate(c, charges, func(ch *state.Charge) bool {
		return (customer == "" || ch.Customer == customer) && within(ch.Created)
	}, s.ShowCharge)
}

func (s *Payments) updateCharge(c *api.Call) (api.Object, error) {
	charge := s.State.Charges.Get(c.Path[0])
	if charge == nil {
		return nil, api.NoSuch("charge", c.Path[0], "id")
	}
	changed := *charge
	changed.Metadata = c.Metadata(charge.Metadata)
	changed.Description, changed.ReceiptEmail = c.TextOr("description", charge.Description), c.Email("receipt_email",
		charge.ReceiptEmail)
	changed.Shipping = c.Shipping(charge.Shipping)
	if c.Has("fraud_details") {
		changed.Fraud = c.Sub("fraud_details").Only("user_report").Enum("user_report", charge.Fraud, "safe", "fraudulent")
	}
	if customer := c.Text("customer"); customer != "" && customer != charge.Customer {
		if _, err := s.LiveCustomer(customer, "customer"); err != nil {
			return nil, err
		}
		if charge.Customer != "" {
			c.Fail(api.Invalid("customer", "This charge already has a customer."))
		}
		changed.Customer = customer
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	before := s.ShowCharge(charge)
	*charge = changed
	s.Events.EmitUpdate("charge.updated", before, s.ShowCharge(charge))
	return s.ShowCharge(charge), nil
}
