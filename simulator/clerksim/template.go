package clerksim

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/clerksim/token"
)

// Template is a JWT template: the claims of tokens other than session tokens.
type Template struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Claims    map[string]any `json:"claims"`
	Lifetime  int            `json:"lifetime"`           // seconds
	Skew      int            `json:"allowed_clock_skew"` // seconds
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
}

// Key is the id.
func (t *Template) Key() string { return t.ID }

// Clerk's defaults and maximum for a template, in seconds.
const (
	templateLifetime = 60
	templateSkew     = 5
	maxSkew          = 300
)

var templateFields = api.Fields{"name": api.Text, "claims": api.Map, "lifetime": api.Number,
	"allowed_clock_skew": api.Number, "custom_signing_key": api.Flag, "signing_algorithm": api.Text,
	"signing_key": api.Text}

var templateRoutes = []route{
	api.Op(http.MethodGet, "/v1/jwt_templates", (*Clerk).listTemplates).Asks(api.Paged, []string{"paginated"}),
	api.Op(http.MethodPost, "/v1/jwt_templates", (*Clerk).createTemplate).Takes(templateFields),
	api.Op(http.MethodGet, "/v1/jwt_templates/{}", (*Clerk).retrieveTemplate),
	api.Op(http.MethodPatch, "/v1/jwt_templates/{}", (*Clerk).updateTemplate).Takes(templateFields),
	api.Op(http.MethodDelete, "/v1/jwt_templates/{}", (*Clerk).deleteTemplate),
}

func noTemplate(by, value string) *api.Error {
	failure := api.NotFound("No JWT template exists with %s: %s", by, value)
	failure.Message = "JWT template not found"
	return failure
}

func (c *Clerk) templateNamed(name string) *Template {
	return c.state.Templates.Find(func(t *Template) bool { return t.Name == name })
}

func (c *Clerk) templateAt(call *api.Call) (*Template, *api.Error) {
	if template := c.state.Templates.Get(call.Path[0]); template != nil {
		return template, nil
	}
	return nil, noTemplate("id", call.Path[0])
}

// applyTemplate changes the fields that the request has. It refuses a custom
// signing key.
func (c *Clerk) applyTemplate(call *api.Call, template *Template) *api.Error {
	if call.Flag("custom_signing_key") || call.Text("signing_key") != "" || call.Text("signing_algorithm") != "" &&
		call.Text("signing_algorithm") != "RS256" {
		return api.Unprocessable("custom_signing_key", "form_param_value_invalid", "is invalid",
			"The simulator signs only with the instance's own key. Clerk also accepts a custom key.")
	}
	if other := c.templateNamed(call.Text("name")); other != nil && other.ID != template.ID {
		return api.Taken("name", "name")
	}
	claims, sent := call.Body["claims"].(map[string]any)
	if failure := checkClaims(claims); failure != nil {
		return failure
	}
	lifetime, skew := template.Lifetime, template.Skew
	if given := call.Number("lifetime"); given != nil {
		lifetime = *given
	}
	if given := call.Number("allowed_clock_skew"); given != nil {
		skew = *given
	}
	if lifetime < minLifetime || lifetime > maxLifetime {
		return api.InvalidValue("lifetime", string(api.Encode(lifetime)))
	}
	if skew < 0 || skew > maxSkew {
		return api.InvalidValue("allowed_clock_skew", string(api.Encode(skew)))
	}
	template.Name, template.Lifetime, template.Skew, template.UpdatedAt = cmp.Or(call.Text("name"), template.Name),
		lifetime, skew, c.now()
	if sent {
		template.Claims = claims
	}
	return nil
}

func (c *Clerk) createTemplate(call *api.Call) (any, *api.Error) {
	if failure := call.Needs("name", "claims"); failure != nil {
		return nil, failure
	}
	template := &Template{ID: c.world.NewID("jtmp_2", 26), Lifetime: templateLifetime, Skew: templateSkew,
		CreatedAt: c.now()}
	if failure := c.applyTemplate(call, template); failure != nil {
		return nil, failure
	}
	return showTemplate(c.state.Templates.Add(template)), nil
}

func (c *Clerk) retrieveTemplate(call *api.Call) (any, *api.Error) {
	template, failure := c.templateAt(call)
	if failure != nil {
		return nil, failure
	}
	return showTemplate(template), nil
}

func (c *Clerk) updateTemplate(call *api.Call) (any, *api.Error) {
	template, failure := c.templateAt(call)
	if failure != nil {
		return nil, failure
	}
	if failure := call.Needs("name", "claims"); failure != nil {
		return nil, failure
	}
	if failure := c.applyTemplate(call, template); failure != nil {
		return nil, failure
	}
	return showTemplate(template), nil
}

func (c *Clerk) deleteTemplate(call *api.Call) (any, *api.Error) {
	template, failure := c.templateAt(call)
	if failure != nil {
		return nil, failure
	}
	c.state.Templates.Remove(template.ID)
	return showDeleted("jwt_template", template.ID), nil
}

func (c *Clerk) listTemplates(call *api.Call) (any, *api.Error) {
	limit, offset, failure := call.Bounds()
	if failure != nil {
		return nil, failure
	}
	paginated, failure := call.QueryFlag("paginated")
	if failure != nil {
		return nil, failure
	}
	all := slices.Collect(c.state.Templates.Oldest())
	if paginated != nil && *paginated {
		return listed(all, limit, offset, showTemplate), nil
	}
	return each(cut(all, limit, offset), showTemplate), nil
}

// templateToken signs a token that is not bound to a session. It has the standard
// claims, but not sid and the other claims of version 2.
func (c *Clerk) templateToken(session *Session, template *Template, lifetime time.Duration) (string, error) {
	claims := c.standardClaims(session, "", lifetime, time.Duration(template.Skew)*time.Second)
	values := claimValues(c.user(session.User), c.state.Organizations.Get(session.Organization))
	for name, value := range template.Claims {
		claims[name] = token.Fill(value, values)
	}
	return c.state.Key.Sign(claims)
}

func showTemplate(t *Template) object {
	return object{"object": "jwt_template", "id": t.ID, "name": t.Name, "claims": t.Claims,
		"lifetime": t.Lifetime, "allowed_clock_skew": t.Skew, "custom_signing_key": false,
		"signing_algorithm": "RS256", "created_at": t.CreatedAt.UnixMilli(),
		"updated_at": t.UpdatedAt.UnixMilli()}
}
