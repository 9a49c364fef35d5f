package account

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ShowPortal shows a portal session.
func (s *Account) ShowPortal(p *state.PortalSession) api.Object {
	address := s.Link("/p/session/" + p.ID)
	if p.Flow != nil {
		address += "/flow"
	}
	return api.Object{"id": p.ID, "object": "billing_portal.session", "configuration": p.Configuration,
		"created": p.Created.Unix(), "customer": p.Customer, "customer_account": nil, "flow": p.Flow.Show(),
		"livemode": false, "locale": api.OrNull(p.Locale), "on_behalf_of": nil, "return_url": api.OrNull(p.ReturnURL),
		"url": address}
}

// ShowConfiguration shows a portal configuration.
func (s *Account) ShowConfiguration(p *state.PortalConfiguration) api.Object {
	var login any
	if p.LoginPage {
		login = s.Link("/p/login/" + p.ID)
	}
	return api.Object{"id": p.ID, "object": "billing_portal.configuration", "active": p.Active, "application": nil,
		"business_profile": api.Object{"headline": api.OrNull(p.Headline), "privacy_policy_url": api.OrNull(p.Privacy),
			"terms_of_service_url": api.OrNull(p.Terms)},
		"created": p.Created.Unix(), "default_return_url": api.OrNull(p.ReturnURL), "features": p.Features.Show(),
		"is_default": p.IsDefault, "livemode": false, "login_page": api.Object{"enabled": p.LoginPage, "url": login},
		"metadata": api.Shown(p.Metadata), "name": api.OrNull(p.Name), "updated": p.Updated.Unix()}
}
