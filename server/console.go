package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/console"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// console adds the console to the mux that has the API; nil if it is off.
func (p *parts) console(mux *http.ServeMux) *console.Console {
	c := p.config
	if c.Console.Off {
		return nil
	}
	pages := console.New(console.Config{Store: c.Store, API: mux, Sessions: p.id.sessions, Grants: c.Console.Grants,
		Origins: c.HTTP.ReturnOrigins, App: c.Activation.App, Live: p.billing.Live(), Log: c.Log,
		Dashboards: c.dashboards()})
	pages.Register(mux)
	return pages
}

// dashboards says where the console's links to objects lead. Another address than the provider's is a
// simulator or a proxy: the objects of a simulator are not in the provider's dashboard.
func (c Config) dashboards() console.Dashboards {
	of := func(base, provider, simulator string) console.Dashboard {
		own := base == "" || strings.TrimSuffix(base, "/") == provider
		return console.Dashboard{Provider: own, Prefix: simulator}
	}
	return console.Dashboards{Stripe: of(c.Stripe.BaseURL, "https://api.stripe.com", c.Console.StripePages),
		Clerk: of(c.Clerk.BaseURL, "https://api.clerk.com", c.Console.ClerkPages)}
}

// ErrConsoleOff says that the configuration turns the console off.
var ErrConsoleOff = errors.New("the console is off")

// ConsoleLink creates a link that signs a person in to the console once, within 10 minutes, and returns its
// path behind the URL of the server. Whoever opens it first is signed in, so show it only to that person. The
// name is for the audit log: letters, digits and ._-. It returns ErrConsoleOff or an error of the store.
func (s *Server) ConsoleLink(ctx context.Context, name string, role lockstep.ConsoleRole) (path string, err error) {
	if s.console == nil {
		return "", ErrConsoleOff
	}
	if err := lockstep.CheckAPIKeyName(name); err != nil {
		return "", err
	}
	return s.api.ConsoleLink(ctx, httpapi.Operator{Name: name, Role: role})
}

// validate rejects grants that nobody can have.
func (c Console) validate(identities IdentitySource) error {
	if len(c.Grants) > 0 && identities == FromAPI {
		return errors.New(`console_roles: with identity = "api" nobody has a Clerk session; remove it, and use lockstep console`)
	}
	return nil
}
