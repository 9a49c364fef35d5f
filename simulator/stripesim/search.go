package stripesim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/ordered"
)

const searchParams = "query limit page"

// searchRoutes stand before the routes that would take "search" for an id.
func (s *Stripe) searchRoutes() []route {
	return []route{
		op(http.MethodGet, "/v1/charges/search", searchParams,
			searchIn(s, s.showCharge, func() *ordered.Table[Charge, *Charge] { return &s.state.Charges })),
		op(http.MethodGet, "/v1/customers/search", searchParams,
			searchIn(s, s.showCustomer, func() *ordered.Table[Customer, *Customer] { return &s.state.Customers })),
		op(http.MethodGet, "/v1/invoices/search", searchParams,
			searchIn(s, s.showInvoice, func() *ordered.Table[Invoice, *Invoice] { return &s.state.Invoices })),
		op(http.MethodGet, "/v1/payment_intents/search", searchParams, searchIn(s, s.showPaymentIntent, func() *ordered.Table[PaymentIntent, *PaymentIntent] { return &s.state.PaymentIntents })),
		op(http.MethodGet, "/v1/prices/search", searchParams,
			searchIn(s, s.showPrice, func() *ordered.Table[Price, *Price] { return &s.state.Prices })),
		op(http.MethodGet, "/v1/products/search", searchParams,
			searchIn(s, s.showProduct, func() *ordered.Table[Product, *Product] { return &s.state.Products })),
		op(http.MethodGet, "/v1/subscriptions/search", searchParams, searchIn(s, s.showSubscription, func() *ordered.Table[Subscription, *Subscription] { return &s.state.Subscriptions })),
	}
}

// searchFields are what each resource can be searched by, as the tables at
// docs.stripe.com/search list them.
var searchFields = map[string]map[string]fieldKind{
	"charges": {"amount": numeric, "billing_details.address.postal_code": token, "created": numeric, "currency": token,
		"customer": token,
		"disputed": token, "metadata": token, "payment_method_details.card.last4": token,
		"payment_method_details.card.exp_month": token,
		"payment_method_details.card.exp_year":  token, "payment_method_details.card.brand": token,
		"payment_method_details.card.fingerprint": token,
		"refunded": token, "status": token},
	"customers": {"created": numeric, "email": text, "metadata": token, "name": text, "phone": text},
	"invoices": {"created": numeric, "currency": token, "customer": token, "last_finalization_error_code": token,
		"last_finalization_error_type": token,
		"metadata":                     token, "number": token, "receipt_number": token, "status": token, "subscription": token,
		"total": numeric},
	"payment_intents": {"amount": numeric, "created": numeric, "currency": token, "customer": token, "metadata": token,
		"status": token},
	"prices": {"active": token, "currency": token, "lookup_key": token, "metadata": token, "product": token,
		"type": token},
	"products": {"active": token, "description": text, "metadata": token, "name": text, "shippable": token,
		"url": text},
	"subscriptions": {"canceled_at": numeric, "created": numeric, "metadata": token, "status": token},
}

// searchPaths is where a field stands in the object when it is not at its own name.
var searchPaths = map[string][]string{
	"last_finalization_error_code": {"last_finalization_error", "code"},
	"last_finalization_error_type": {"last_finalization_error", "type"},
	"subscription":                 {"parent", "subscription_details", "subscription"},
}

// searchIn returns the handler that searches one table, newest first.
func searchIn[T any, P ordered.Keyed[T]](s *Stripe, show func(P) object,
	table func() *ordered.Table[T, P]) func(*call) (object, error) {
	return func(c *call) (object, error) {
		resource := searchedResource(c)
		wanted, err := readQuery(c, resource)
		if err != nil {
			return nil, err
		}
		limit, after := readSearchPage(c)
		if failure := c.failed(); failure != nil {
			return nil, failure
		}
		data, total := []any{}, int64(0)
		last, more, counting := "", false, slices.Contains(c.texts("expand"), "total_count")
		skipping := after != ""
		for item := range table().Newest() {
			found := s.indexed(item.Key(), func() object { return show(item) }, wanted)
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
		answer := object{"object": "search_result", "data": data, "has_more": more, "next_page": nil,
			"url": c.request.URL.Path}
		if more {
			answer["next_page"] = base64.URLEncoding.EncodeToString([]byte(last))
		}
		if counting {
			answer["total_count"] = total
		}
		return answer, nil
	}
}

// searchedResource is the resource's name in the path.
func searchedResource(c *call) string {
	path := c.request.URL.Path
	return path[len("/v1/") : len(path)-len("/search")]
}

func readQuery(c *call, resource string) (query, error) {
	source := c.required("query")
	if failure := c.failed(); failure != nil {
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

func readSearchPage(c *call) (limit int64, after string) {
	limit = c.integer("limit", 10)
	if limit < 1 || limit > 100 {
		c.fail(malformed("parameter_invalid_integer", "limit", "This value must be between 1 and 100 (inclusive)."))
	}
	decoded, err := base64.URLEncoding.DecodeString(c.text("page"))
	if err != nil {
		c.fail(malformed("", "page", "Invalid page: it must be a next_page that a search has answered."))
	}
	return limit, string(decoded)
}

// fieldOf reads a searched field of a shown object as text; ok is false when it
// is null or not there.
func fieldOf(shownAs object, field, key string) (value string, ok bool) {
	if field == "metadata" {
		switch metadata := shownAs["metadata"].(type) {
		case map[string]string:
			value, ok = metadata[key]
		case object:
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
		nested, isObject := at.(object)
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
	case float64: // of a state that was read back
		return strconv.FormatFloat(found, 'f', -1, 64), true
	}
	return fmt.Sprint(at), true
}
