package stripesim

import (
	"net/http"
	"strings"
	"time"
)

// PortalSession lets one customer manage the own subscriptions on a page. It
// does not run out: Stripe's link works for five minutes, and an hour after the
// last visit.
type PortalSession struct {
	ID            string      `json:"id"`
	Created       time.Time   `json:"created"`
	Customer      string      `json:"customer"`
	Configuration string      `json:"configuration"`
	ReturnURL     string      `json:"return_url"`
	Locale        string      `json:"locale"`
	Flow          *PortalFlow `json:"flow"`
}

// Key is the id.
func (p *PortalSession) Key() string { return p.ID }

func (s *Stripe) portalRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/billing_portal/sessions", "customer return_url locale configuration flow_data",
			s.createPortal),
	}
}

var portalLocales = strings.Fields("auto bg cs da de el en en-AU en-CA en-GB en-IE en-IN en-NZ en-SG es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv" +
	" ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW")

// createPortal takes locale and shows it; the page is in English whatever it says.
func (s *Stripe) createPortal(c *call) (object, error) {
	customerID := c.required("customer")
	portal := &PortalSession{ReturnURL: c.address("return_url", ""), Locale: c.enum("locale", "", portalLocales...)}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	customer, err := s.liveCustomer(customerID, "customer")
	if err != nil {
		return nil, err
	}
	configuration, err := s.readPortalConfiguration(c)
	if err != nil {
		return nil, err
	}
	if portal.ReturnURL == "" {
		portal.ReturnURL = configuration.ReturnURL
	}
	if portal.ReturnURL == "" {
		return nil, invalid("return_url", "Your PortalConfiguration does not have a `default_return_url`, and you did not provide a `return_url`.")
	}
	portal.Customer, portal.Configuration = customer.ID, configuration.ID
	if c.has("flow_data") {
		portal.Flow = s.readFlow(c.sub("flow_data"), customer, configuration)
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	return s.showPortal(s.addPortal(portal)), nil
}

func (s *Stripe) addPortal(portal *PortalSession) *PortalSession {
	portal.ID, portal.Created = s.world.NewID("bps_1", 48), s.now()
	s.emit("billing_portal.session.created", s.showPortal(s.state.Portals.Add(portal)), nil)
	return portal
}

func (s *Stripe) readPortalConfiguration(c *call) (*PortalConfiguration, error) {
	id := c.text("configuration")
	if id == "" {
		standard := s.defaultConfiguration()
		if standard == nil {
			return nil, invalid("", "No configuration provided and your test mode default configuration has not been created. Provide a configuration or create your default by saving your customer portal settings in test mode at %s.", s.link("/_sim"))
		}
		return standard, nil
	}
	configuration := s.state.Configurations.Get(id)
	switch {
	case configuration == nil:
		return nil, noSuch("configuration", id, "configuration")
	case !configuration.Active:
		return nil, invalid("configuration", "The portal configuration `%s` is not active.", id)
	}
	return configuration, nil
}

func (s *Stripe) showPortal(p *PortalSession) object {
	address := s.link("/p/session/" + p.ID)
	if p.Flow != nil {
		address += "/flow"
	}
	return object{"id": p.ID, "object": "billing_portal.session", "configuration": p.Configuration,
		"created":  p.Created.Unix(),
		"customer": p.Customer, "customer_account": nil, "flow": p.Flow.show(), "livemode": false,
		"locale": orNull(p.Locale), "on_behalf_of": nil,
		"return_url": orNull(p.ReturnURL), "url": address}
}
