package stripesim

import (
	"net/http"
	"time"
)

// PortalSession lets one customer manage the own subscriptions on a page.
type PortalSession struct {
	ID        string    `json:"id"`
	Created   time.Time `json:"created"`
	Customer  string    `json:"customer"`
	ReturnURL string    `json:"return_url"`
}

// Key is the id.
func (p *PortalSession) Key() string { return p.ID }

var portalRoutes = []route{
	op(http.MethodPost, "/v1/billing_portal/sessions", "customer return_url locale configuration flow_data", (*Stripe).createPortal),
}

// createPortal takes configuration and flow_data and ignores them: the page
// always offers the same.
func (s *Stripe) createPortal(c *call) (object, error) {
	customerID := c.required("customer")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	customer, err := s.liveCustomer(customerID, "customer")
	if err != nil {
		return nil, err
	}
	portal := s.state.Portals.Add(&PortalSession{ID: s.world.NewID("bps_1", 48), Created: s.now(), Customer: customer.ID, ReturnURL: c.text("return_url")})
	shown := s.showPortal(portal)
	s.emit("billing_portal.session.created", shown, nil)
	return shown, nil
}

func (s *Stripe) showPortal(p *PortalSession) object {
	return object{"id": p.ID, "object": "billing_portal.session", "configuration": "bpc_1simulated", "created": p.Created.Unix(),
		"customer": p.Customer, "customer_account": nil, "flow": nil, "livemode": false, "locale": nil, "on_behalf_of": nil,
		"return_url": orNull(p.ReturnURL), "url": s.link("/p/session/" + p.ID)}
}
