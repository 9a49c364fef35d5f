package clerksim

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

var instanceRoutes = []route{
	api.Op(http.MethodGet, "/v1/instance", (*Clerk).retrieveInstance),
	api.Op(http.MethodPost, "/v1/webhooks/svix", (*Clerk).createSvix),
	api.Op(http.MethodDelete, "/v1/webhooks/svix", (*Clerk).deleteSvix),
	api.Op(http.MethodPost, "/v1/webhooks/svix_url", (*Clerk).svixURL),
}

func (c *Clerk) retrieveInstance(*api.Call) (any, *api.Error) {
	return object{"object": "instance", "id": c.state.Instance, "environment_type": "development",
		"allowed_origins": nil, "workspace_id": nil}, nil
}

// The Svix app exists from the start, with the configured endpoints. Without it,
// Clerk sends no webhooks.

func (c *Clerk) createSvix(*api.Call) (any, *api.Error) {
	if !c.state.SvixDeleted {
		return nil, api.BadRequest("svix_app_exists", "A Svix app already exists for the current instance.",
			"A Svix app already exists for the current instance.")
	}
	c.state.SvixDeleted = false
	return c.svix(), nil
}

func (c *Clerk) deleteSvix(*api.Call) (any, *api.Error) {
	if c.state.SvixDeleted {
		return nil, noSvix()
	}
	c.state.SvixDeleted = true
	return api.Nothing{}, nil
}

func (c *Clerk) svixURL(*api.Call) (any, *api.Error) {
	if c.state.SvixDeleted {
		return nil, noSvix()
	}
	return c.svix(), nil
}

func noSvix() *api.Error {
	const long = "No Svix apps are associated with the current instance."
	return api.BadRequest("svix_app_missing", long, long)
}

// svix links to the controls, which stand in for the Svix dashboard.
func (c *Clerk) svix() object { return object{"svix_url": c.config.URL + "/_sim"} }
