package portal

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

const configurationParams = "business_profile default_return_url features login_page metadata name"

func (s *Portal) portalConfigurationRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/billing_portal/configurations", configurationParams, s.createConfiguration),
		api.Op(http.MethodGet, "/v1/billing_portal/configurations", "active is_default"+api.Paging, s.listConfigurations),
		api.Op(http.MethodGet, "/v1/billing_portal/configurations/{}", "", s.retrieveConfiguration),
		api.Op(http.MethodPost, "/v1/billing_portal/configurations/{}", "active "+configurationParams, s.updateConfiguration),
	}
}

// AddDefaultConfiguration saves the portal's settings unless they are saved
// already. Its return link leads to the simulator's controls. As in the
// Dashboard, it offers no plans to switch to until it is configured.
func (s *Portal) AddDefaultConfiguration() {
	if s.DefaultConfiguration() != nil {
		return
	}
	features := noFeatures()
	features.CustomerUpdate, features.CustomerFields = true, []string{"email", "name", "address", "phone"}
	features.InvoiceHistory, features.PaymentMethodUpdate = true, true
	features.Cancel.Enabled, features.Cancel.ReasonEnabled = true, true
	now := s.Now()
	s.State.Configurations.Add(&state.PortalConfiguration{ID: s.World.NewID("bpc_1", 23), Created: now, Updated: now,
		Active: true, IsDefault: true, ReturnURL: s.Link("/_sim"), Features: features})
}

// DefaultConfiguration returns the default configuration, or nil.
func (s *Portal) DefaultConfiguration() *state.PortalConfiguration {
	return s.State.Configurations.Find(func(p *state.PortalConfiguration) bool { return p.IsDefault })
}

func (s *Portal) createConfiguration(c *api.Call) (api.Object, error) {
	fresh := &state.PortalConfiguration{Active: true, Features: noFeatures()}
	if !c.Has("features") {
		c.Fail(api.MissingParam("features"))
	}
	s.readConfiguration(c.Params, fresh, true)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	fresh.ID, fresh.Created, fresh.Updated = s.World.NewID("bpc_1", 23), s.Now(), s.Now()
	shown := s.ShowConfiguration(s.State.Configurations.Add(fresh))
	s.Events.Emit("billing_portal.configuration.created", shown, nil)
	return shown, nil
}

func (s *Portal) updateConfiguration(c *api.Call) (api.Object, error) {
	configuration := s.State.Configurations.Get(c.Path[0])
	if configuration == nil {
		return nil, api.NoSuch("configuration", c.Path[0], "id")
	}
	changed := configuration.Clone()
	changed.Active = c.Boolean("active", changed.Active)
	if changed.IsDefault && !changed.Active {
		c.Fail(api.Invalid("active", "The default configuration cannot be deactivated."))
	}
	s.readConfiguration(c.Params, &changed, false)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	before := s.ShowConfiguration(configuration)
	*configuration = changed
	configuration.Updated = s.Now()
	shown := s.ShowConfiguration(configuration)
	s.Events.EmitUpdate("billing_portal.configuration.updated", before, shown)
	return shown, nil
}

func (s *Portal) readConfiguration(p api.Params, to *state.PortalConfiguration, create bool) {
	to.Name = p.TextOr("name", to.Name)
	to.ReturnURL = p.Address("default_return_url", to.ReturnURL)
	to.Metadata = p.Metadata(to.Metadata)
	if p.Has("business_profile") {
		profile := p.Sub("business_profile")
		profile.Only("headline", "privacy_policy_url", "terms_of_service_url")
		to.Headline = profile.TextOr("headline", to.Headline)
		if len([]rune(to.Headline)) > 60 {
			p.Fail(api.Invalid(profile.Name("headline"), "The headline can have up to 60 characters."))
		}
		to.Privacy = profile.Address("privacy_policy_url", to.Privacy)
		to.Terms = profile.Address("terms_of_service_url", to.Terms)
	}
	if p.Has("login_page") {
		login := p.Sub("login_page")
		login.Only("enabled")
		login.Required("enabled")
		to.LoginPage = login.Boolean("enabled", to.LoginPage)
	}
	if p.Has("features") {
		s.readFeatures(p.Sub("features"), &to.Features, create)
	}
}

func (s *Portal) retrieveConfiguration(c *api.Call) (api.Object, error) {
	if configuration := s.State.Configurations.Get(c.Path[0]); configuration != nil {
		return s.ShowConfiguration(configuration), nil
	}
	return nil, api.NoSuch("configuration", c.Path[0], "id")
}

func (s *Portal) listConfigurations(c *api.Call) (api.Object, error) {
	active, standard := c.Boolean("active", true), c.Boolean("is_default", true)
	return api.Paginate(c, s.State.Configurations.Newest(), func(p *state.PortalConfiguration) bool {
		return (!c.Has("active") || p.Active == active) && (!c.Has("is_default") || p.IsDefault == standard)
	}, s.ShowConfiguration)
}
