package search

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/ordered"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Search searches the objects of an account.
type Search struct {
	*account.Account

	lag   time.Duration
	noted searchIndex
}

// New returns an empty index. lag is how long a change is invisible; 0 draws 5
// to 60 seconds per change from the seed.
func New(account *account.Account, lag time.Duration) *Search {
	return &Search{Account: account, lag: lag, noted: searchIndex{versions: map[string][]snapshot{}}}
}

const searchParams = "query limit page"

// searchRoutes must come before routes that would read "search" as an id.
func (s *Search) searchRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodGet, "/v1/charges/search", searchParams,
			searchIn(s, s.ShowCharge, func() *ordered.Table[state.Charge, *state.Charge] { return &s.State.Charges })),
		api.Op(http.MethodGet, "/v1/customers/search", searchParams,
			searchIn(s, s.ShowCustomer, func() *ordered.Table[state.Customer, *state.Customer] { return &s.State.Customers })),
		api.Op(http.MethodGet, "/v1/invoices/search", searchParams,
			searchIn(s, s.ShowInvoice, func() *ordered.Table[state.Invoice, *state.Invoice] { return &s.State.Invoices })),
		api.Op(http.MethodGet, "/v1/payment_intents/search", searchParams,
			searchIn(s, s.ShowPaymentIntent, func() *ordered.Table[state.PaymentIntent,
				*state.PaymentIntent] {
				return &s.State.PaymentIntents
			})),
		api.Op(http.MethodGet, "/v1/prices/search", searchParams,
			searchIn(s, s.ShowPrice, func() *ordered.Table[state.Price, *state.Price] { return &s.State.Prices })),
		api.Op(http.MethodGet, "/v1/products/search", searchParams,
			searchIn(s, s.ShowProduct, func() *ordered.Table[state.Product, *state.Product] { return &s.State.Products })),
		api.Op(http.MethodGet, "/v1/subscriptions/search", searchParams,
			searchIn(s, s.ShowSubscription, func() *ordered.Table[state.Subscription,
				*state.Subscription] {
				return &s.State.Subscriptions
			})),
	}
}

// searchFields lists the fields that each resource can be searched by, from the
// tables at docs.stripe.com/search.
var searchFields = map[string]map[string]fieldKind{
	"charges": {"amount": numeric, "billing_details.address.postal_code": token, "created": numeric, "currency": token,
		"customer": token, "disputed": token, "metadata": token, "payment_method_details.card.last4": token,
		"payment_method_details.card.exp_month": token, "payment_method_details.card.exp_year": token,
		"payment_method_details.card.brand": token, "payment_method_details.card.fingerprint": token, "refunded": token,
		"status": token},
	"customers": {"created": numeric, "email": text, "metadata": token, "name": text, "phone": text},
	"invoices": {"created": numeric, "currency": token, "customer": token, "last_finalization_error_code": token,
		"last_finalization_error_type": token, "metadata": token, "number": token, "receipt_number": token, "status": token,
		"subscription": token, "total": numeric},
	"payment_intents": {"amount": numeric, "created": numeric, "currency": token, "customer": token, "metadata": token,
		"status": token},
	"prices": {"active": token, "currency": token, "lookup_key": token, "metadata": token, "product": token,
		"type": token},
	"products": {"active": token, "description": text, "metadata": token, "name": text, "shippable": token,
		"url": text},
	"subscriptions": {"canceled_at": numeric, "created": numeric, "metadata": token, "status": token},
}

// searchPaths maps a field to its path in the object, where they differ.
var searchPaths = map[string][]string{
	"last_finalization_error_code": {"last_finalization_error", "code"},
	"last_finalization_error_type": {"last_finalization_error", "type"},
	"subscription":                 {"parent", "subscription_details", "subscription"},
}

// searchIn returns a handler that searches a table, newest first.
func searchIn[T any, P ordered.Keyed[T]](s *Search, show func(P) api.Object,
	table func() *ordered.Table[T, P]) func(*api.Call) (api.Object, error) {
	return func(c *api.Call) (api.Object, error) {
		resource := searchedResource(c)
		wanted, err := readQuery(c, resource)
		if err != nil {
			return nil, err
		}
		limit, after := readSearchPage(c)
		if failure := c.Failed(); failure != nil {
			return nil, failure
		}
		data, total := []any{}, int64(0)
		last, more, counting := "", false, slices.Contains(c.Texts("expand"), "total_count")
		skipping := after != ""
		for item := range table().Newest() {
			found := s.indexed(item.Key(), func() api.Object { return show(item) }, wanted)
			if found != nil {
				total++
			}
			switch {
			case skipping:
				skipping = item.Key() != after
			case found == nil:
			case int64(len(data)) == limit:
				more = true
			default:
				data, last = append(data, found), item.Key()
			}
			if more && !counting {
				break
			}
		}
		answer := api.Object{"object": "search_result", "data": data, "has_more": more, "next_page": nil,
			"url": c.Request.URL.Path}
		if more {
			answer["next_page"] = base64.URLEncoding.EncodeToString([]byte(last))
		}
		if counting {
			answer["total_count"] = total
		}
		return answer, nil
	}
}

// searchedResource returns the resource in the path.
func searchedResource(c *api.Call) string {
	path := c.Request.URL.Path
	return path[len("/v1/") : len(path)-len("/search")]
}

func readQuery(c *api.Call, resource string) (query, error) {
	source := c.Required("query")
	if failure := c.Failed(); failure != nil {
		return query{}, failure
	}
	wanted, failure := parseQuery(source)
	if failure == nil {
		failure = wanted.check(resource, searchFields[resource])
	}
	if failure != nil {
		return query{}, failure
	}
	return wanted, nil
}

func readSearchPage(c *api.Call) (limit int64, after string) {
	limit = c.Integer("limit", 10)
	if limit < 1 || limit > 100 {
		c.Fail(api.Malformed("parameter_invalid_integer", "limit", "This value must be between 1 and 100 (inclusive)."))
	}
	decoded, err := base64.URLEncoding.DecodeString(c.Text("page"))
	if err != nil {
		c.Fail(api.Malformed("", "page", "Invalid page: it must be a next_page that a search has answered."))
	}
	return limit, string(decoded)
}

// fieldOf reads a field of a shown object as text. ok is false if it is null or
// missing.
func fieldOf(shownAs api.Object, field, key string) (value string, ok bool) {
	if field == "metadata" {
		switch metadata := shownAs["metadata"].(type) {
		case map[string]string:
			value, ok = metadata[key]
		case api.Object:
			value, ok = metadata[key].(string)
		}
		return value, ok
	}
	path := searchPaths[field]
	if path == nil || shownAs["object"] != "invoice" {
		path = strings.Split(field, ".")
	}
	var at any = shownAs
	for _, name := range path {
		nested, isObject := at.(api.Object)
		if !isObject {
			return "", false
		}
		at = nested[name]
	}
	switch found := at.(type) {
	case nil:
		return "", false
	case string:
		return found, true
	case bool:
		return strconv.FormatBool(found), true
	case float64: // from a decoded snapshot
		return strconv.FormatFloat(found, 'f', -1, 64), true
	}
	return fmt.Sprint(at), true
}

// Routes returns the operations of this package.
func (s *Search) Routes() []api.Route {
	return s.searchRoutes()
}
