package clerksim

import "net/http"

var instanceRoutes = []route{
	op(http.MethodGet, "/v1/instance", (*Clerk).retrieveInstance),
	op(http.MethodPost, "/v1/webhooks/svix", (*Clerk).createSvix),
	op(http.MethodDelete, "/v1/webhooks/svix", (*Clerk).deleteSvix),
	op(http.MethodPost, "/v1/webhooks/svix_url", (*Clerk).svixURL),
}

func (c *Clerk) retrieveInstance(*call) (any, *Error) {
	return object{"object": "instance", "id": c.state.Instance, "environment_type": "development", "allowed_origins": nil,
		"workspace_id": nil}, nil
}

// The application at Svix is there from the start, with the endpoints of the
// configuration. Without it no webhook leaves.

func (c *Clerk) createSvix(*call) (any, *Error) {
	if !c.state.SvixDeleted {
		return nil, badRequest("svix_app_exists", "A Svix app already exists for the current instance.",
			"A Svix app already exists for the current instance.")
	}
	c.state.SvixDeleted = false
	return c.svix(), nil
}

func (c *Clerk) deleteSvix(*call) (any, *Error) {
	if c.state.SvixDeleted {
		return nil, noSvix()
	}
	c.state.SvixDeleted = true
	return nothing{}, nil
}

func (c *Clerk) svixURL(*call) (any, *Error) {
	if c.state.SvixDeleted {
		return nil, noSvix()
	}
	return c.svix(), nil
}

func noSvix() *Error {
	const long = "No Svix apps are associated with the current instance."
	return badRequest("svix_app_missing", long, long)
}

// svix leads to what is the dashboard here: the controls.
func (c *Clerk) svix() object { return object{"svix_url": c.config.URL + "/_sim"} }
