package console

import (
	"net/url"
	"strings"
)

// dashboards are the pages of objects in Stripe's dashboard, by the prefix of their ids.
var dashboards = map[string]string{
	"cus": "customers", "sub": "subscriptions", "pi": "payments", "in": "invoices", "prod": "products", "price": "prices",
	"evt": "events", "cs": "checkout/sessions",
}

// Dashboards say where the pages of Stripe's and Clerk's objects are. The zero value is for an API that is
// neither the provider's nor a known simulator's: it has no links.
type Dashboards struct {
	Stripe Dashboard
	Clerk  Dashboard
}

// Dashboard says where the pages of a provider's objects are.
type Dashboard struct {
	Provider bool   // in the provider's own dashboard
	Prefix   string // otherwise: before the id; empty: nowhere
}

// stripe returns the page of an object; empty for an id that has none. Stripe's pages of test mode are below
// /test.
func (d Dashboard) stripe(id string, live bool) string {
	prefix, _, found := strings.Cut(id, "_")
	page, known := dashboards[prefix]
	switch {
	case !found || !known:
		return ""
	case !d.Provider:
		return d.outside(id)
	case live:
		return "https://dashboard.stripe.com/" + page + "/" + url.PathEscape(id)
	}
	return "https://dashboard.stripe.com/test/" + page + "/" + url.PathEscape(id)
}

// clerk returns the list where a user or an organization is found. Clerk documents no address for a single
// one: it would contain the ids of the application and of the instance, which nobody tells us. The tilde
// leads to the application that the person used last.
func (d Dashboard) clerk(id string) string {
	switch {
	case !strings.HasPrefix(id, "user_") && !strings.HasPrefix(id, "org_"):
		return ""
	case !d.Provider:
		return d.outside(id)
	case strings.HasPrefix(id, "org_"):
		return "https://dashboard.clerk.com/~/organizations"
	}
	return "https://dashboard.clerk.com/~/users"
}

// outside returns the page of an object at a simulator.
func (d Dashboard) outside(id string) string {
	if d.Prefix == "" {
		return ""
	}
	return d.Prefix + url.QueryEscape(id)
}
