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

// dashboard returns the page of an object in Stripe's dashboard; empty for an id that has none. The pages of
// test mode are below /test.
func dashboard(id string, live bool) string {
	prefix, _, found := strings.Cut(id, "_")
	page, known := dashboards[prefix]
	if !found || !known {
		return ""
	}
	base := "https://dashboard.stripe.com/"
	if !live {
		base += "test/"
	}
	return base + page + "/" + url.PathEscape(id)
}

// clerk returns the page of a user or an organization in Clerk's dashboard. Its addresses contain the ids of
// the application and of the instance, which nobody tells us; this one leads there by way of the last that the
// person used.
func clerk(id string) string {
	switch {
	case strings.HasPrefix(id, "user_"):
		return "https://dashboard.clerk.com/last-active?path=" + url.QueryEscape("users/"+id)
	case strings.HasPrefix(id, "org_"):
		return "https://dashboard.clerk.com/last-active?path=" + url.QueryEscape("organizations/"+id)
	}
	return ""
}
