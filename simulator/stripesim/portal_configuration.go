package stripesim

import (
	"maps"
	"net/http"
	"time"
)

// PortalConfiguration is what a portal shows and allows.
type PortalConfiguration struct {
	ID        string            `json:"id"`
	Created   time.Time         `json:"created"`
	Updated   time.Time         `json:"updated"`
	Active    bool              `json:"active"`
	IsDefault bool              `json:"is_default"`
	Name      string            `json:"name"`
	ReturnURL string            `json:"default_return_url"`
	Headline  string            `json:"headline"`
	Privacy   string            `json:"privacy_policy_url"`
	Terms     string            `json:"terms_of_service_url"`
	LoginPage bool              `json:"login_page"`
	Features  PortalFeatures    `json:"features"`
	Metadata  map[string]string `json:"metadata"`
}

// Key is the id.
func (p *PortalConfiguration) Key() string { return p.ID }

func (p *PortalConfiguration) clone() PortalConfiguration {
	copied := *p
	copied.Metadata, copied.Features = maps.Clone(p.Metadata), p.Features.clone()
	return copied
}

const configurationParams = "business_profile default_return_url features login_page metadata name"

func (s *Stripe) portalConfigurationRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/billing_portal/configurations", configurationParams, s.createConfiguration),
		op(http.MethodGet, "/v1/billing_portal/configurations", "active is_default"+paging, s.listConfigurations),
		op(http.MethodGet, "/v1/billing_portal/configurations/{}", "", s.retrieveConfiguration),
		op(http.MethodPost, "/v1/billing_portal/configurations/{}", "active "+configurationParams,
			s.updateConfiguration),
	}
}

// SavePortalSettings makes the default configuration, as saving the portal's
// settings in the Dashboard once does. Without it a portal session must name a
// configuration. It does nothing when there is one.
func (s *Stripe) SavePortalSettings() { s.world.Change(s.addDefaultConfiguration) }

// PortalSaved says whether there is a default configuration.
func (s *Stripe) PortalSaved() (saved bool) {
	s.world.View(func() { saved = s.defaultConfiguration() != nil })
	return saved
}

// addDefaultConfiguration is SavePortalSettings under the lock. It leads back to the controls where a portal
// session names no other address. Plans cannot be changed in it before somebody
// says which: that is so in the Dashboard too.
func (s *Stripe) addDefaultConfiguration() {
	if s.defaultConfiguration() != nil {
		return
	}
	features := noFeatures()
	features.CustomerUpdate, features.CustomerFields = true, []string{"email", "name", "address", "phone"}
	features.InvoiceHistory, features.PaymentMethodUpdate = true, true
	features.Cancel.Enabled, features.Cancel.ReasonEnabled = true, true
	now := s.now()
	s.state.Configurations.Add(&PortalConfiguration{ID: s.world.NewID("bpc_1", 23), Created: now, Updated: now,
		Active: true, IsDefault: true,
		ReturnURL: s.link("/_sim"), Features: features})
}

func (s *Stripe) defaultConfiguration() *PortalConfiguration {
	return s.state.Configurations.Find(func(p *PortalConfiguration) bool { return p.IsDefault })
}

func (s *Stripe) createConfiguration(c *call) (object, error) {
	fresh := &PortalConfiguration{Active: true, Features: noFeatures()}
	if !c.has("features") {
		c.fail(missingParam("features"))
	}
	s.readConfiguration(c.params, fresh, true)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	fresh.ID, fresh.Created, fresh.Updated = s.world.NewID("bpc_1", 23), s.now(), s.now()
	shown := s.showConfiguration(s.state.Configurations.Add(fresh))
	s.emit("billing_portal.configuration.created", shown, nil)
	return shown, nil
}

func (s *Stripe) updateConfiguration(c *call) (object, error) {
	configuration := s.state.Configurations.Get(c.path[0])
	if configuration == nil {
		return nil, noSuch("configuration", c.path[0], "id")
	}
	changed := configuration.clone()
	changed.Active = c.boolean("active", changed.Active)
	if changed.IsDefault && !changed.Active {
		c.fail(invalid("active", "The default configuration cannot be deactivated."))
	}
	s.readConfiguration(c.params, &changed, false)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	before := s.showConfiguration(configuration)
	*configuration = changed
	configuration.Updated = s.now()
	shown := s.showConfiguration(configuration)
	s.emitUpdate("billing_portal.configuration.updated", before, shown)
	return shown, nil
}

func (s *Stripe) readConfiguration(p params, to *PortalConfiguration, create bool) {
	to.Name = p.textOr("name", to.Name)
	to.ReturnURL = p.address("default_return_url", to.ReturnURL)
	to.Metadata = p.metadata(to.Metadata)
	if p.has("business_profile") {
		profile := p.sub("business_profile")
		profile.only("headline", "privacy_policy_url", "terms_of_service_url")
		to.Headline = profile.textOr("headline", to.Headline)
		if len([]rune(to.Headline)) > 60 {
			p.fail(invalid(profile.name("headline"), "The headline can have up to 60 characters."))
		}
		to.Privacy = profile.address("privacy_policy_url", to.Privacy)
		to.Terms = profile.address("terms_of_service_url", to.Terms)
	}
	if p.has("login_page") {
		login := p.sub("login_page")
		login.only("enabled")
		login.required("enabled")
		to.LoginPage = login.boolean("enabled", to.LoginPage)
	}
	if p.has("features") {
		s.readFeatures(p.sub("features"), &to.Features, create)
	}
}

func (s *Stripe) retrieveConfiguration(c *call) (object, error) {
	if configuration := s.state.Configurations.Get(c.path[0]); configuration != nil {
		return s.showConfiguration(configuration), nil
	}
	return nil, noSuch("configuration", c.path[0], "id")
}

func (s *Stripe) listConfigurations(c *call) (object, error) {
	active, standard := c.boolean("active", true), c.boolean("is_default", true)
	return paginate(c, s.state.Configurations.Newest(), func(p *PortalConfiguration) bool {
		return (!c.has("active") || p.Active == active) && (!c.has("is_default") || p.IsDefault == standard)
	}, s.showConfiguration)
}

func (s *Stripe) showConfiguration(p *PortalConfiguration) object {
	var login any
	if p.LoginPage {
		login = s.link("/p/login/" + p.ID)
	}
	return object{"id": p.ID, "object": "billing_portal.configuration", "active": p.Active, "application": nil,
		"business_profile": object{"headline": orNull(p.Headline), "privacy_policy_url": orNull(p.Privacy),
			"terms_of_service_url": orNull(p.Terms)},
		"created": p.Created.Unix(), "default_return_url": orNull(p.ReturnURL), "features": p.Features.show(),
		"is_default": p.IsDefault,
		"livemode":   false, "login_page": object{"enabled": p.LoginPage, "url": login}, "metadata": shown(p.Metadata),
		"name":    orNull(p.Name),
		"updated": p.Updated.Unix()}
}
