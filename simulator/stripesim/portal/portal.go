package portal

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Portal runs the sessions and configurations of the customer portal.
type Portal struct {
	*account.Account

	Events *events.Events
}

func (s *Portal) portalRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/billing_portal/sessions", "customer return_url locale configuration flow_data",
			s.createPortal),
	}
}

var portalLocales = strings.Fields("auto bg cs da de el en en-AU en-CA en-GB en-IE en-IN en-NZ en-SG es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv" +
	" ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW")

// createPortal stores and shows locale. The pages are in English anyway.
func (s *Portal) createPortal(c *api.Call) (api.Object, error) {
	customerID := c.Required("customer")
	portal := &state.PortalSession{ReturnURL: c.Address("return_url", ""), Locale: c.Enum("locale", "", portalLocales...)}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	customer, err := s.LiveCustomer(customerID, "customer")
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
		return nil, api.Invalid("return_url", "Your PortalConfiguration does not have a `default_return_url`, and you did not provide a `return_url`.")
	}
	portal.Customer, portal.Configuration = customer.ID, configuration.ID
	if c.Has("flow_data") {
		portal.Flow = s.readFlow(c.Sub("flow_data"), customer, configuration)
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	return s.ShowPortal(s.AddPortal(portal)), nil
}

// AddPortal gives a portal session its id and stores it.
func (s *Portal) AddPortal(portal *state.PortalSession) *state.PortalSession {
	portal.ID, portal.Created = s.World.NewID("bps_1", 48), s.Now()
	s.Events.Emit("billing_portal.session.created", s.ShowPortal(s.State.Portals.Add(portal)), nil)
	return portal
}

func (s *Portal) readPortalConfiguration(c *api.Call) (*state.PortalConfiguration, error) {
	id := c.Text("configuration")
	if id == "" {
		standard := s.DefaultConfiguration()
		if standard == nil {
			return nil, api.Invalid("", "No configuration provided and your test mode default configuration has not been created. Provide a configuration or create your default by saving your customer portal settings in test mode at %s.", s.Link("/_sim"))
		}
		return standard, nil
	}
	configuration := s.State.Configurations.Get(id)
	switch {
	case configuration == nil:
		return nil, api.NoSuch("configuration", id, "configuration")
	case !configuration.Active:
		return nil, api.Invalid("configuration", "The portal configuration `%s` is not active.", id)
	}
	return configuration, nil
}

// Routes returns the operations of this package.
func (s *Portal) Routes() []api.Route {
	return slices.Concat(
		s.portalRoutes(),
		s.portalConfigurationRoutes(),
	)
}
