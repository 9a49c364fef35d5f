package stripesim

import (
	"slices"
	"strings"
)

// expandable are the fields that hold an id and can hold the object.
var expandable = []string{"customer", "latest_invoice", "subscription", "payment_intent", "latest_charge", "payment_method",
	"default_payment_method", "product", "charge", "invoice", "feature", "default_price", "dispute"}

// includable are the fields that are only there when asked for, by object type.
var includable = map[string]map[string]func(*Stripe, object) any{
	"checkout.session": {"line_items": func(s *Stripe, o object) any { return s.sessionLines(o["id"].(string)) }},
	"customer":         {"subscriptions": func(s *Stripe, o object) any { return s.customerSubscriptions(o["id"].(string)) }},
	"invoice":          {"payments": func(s *Stripe, o object) any { return s.invoicePayments(o["id"].(string)) }},
	"charge":           {"refunds": func(s *Stripe, o object) any { return s.chargeRefunds(o["id"].(string)) }},
}

// expand replaces ids by objects along each path, at most four levels deep.
func (s *Stripe) expand(shown object, paths []string) error {
	for _, path := range paths {
		fields := strings.Split(path, ".")
		if len(fields) > 4 {
			return malformed("", "expand", "You cannot expand more than 4 levels of a property. Property: %s", path)
		}
		if !s.expandField(shown, fields) {
			return malformed("", "expand", "This property cannot be expanded (%s).", path)
		}
	}
	return nil
}

func (s *Stripe) expandField(at object, fields []string) bool {
	name, rest := fields[0], fields[1:]
	kind, _ := at["object"].(string)
	if include := includable[kind][name]; include != nil {
		if _, there := at[name]; !there || at[name] == nil {
			at[name] = include(s, at)
		}
	}
	value, there := at[name]
	if !there {
		return kind == ""
	}
	switch held := value.(type) {
	case nil:
		return true
	case string:
		expanded := s.lookup(held)
		if expanded == nil || !slices.Contains(expandable, name) {
			return false
		}
		at[name] = expanded
		return len(rest) == 0 || s.expandField(expanded, rest)
	case object:
		return len(rest) == 0 || s.expandField(held, rest)
	case []any:
		if len(rest) == 0 {
			return name == "data"
		}
		for _, element := range held {
			if nested, ok := element.(object); ok && !s.expandField(nested, rest) {
				return false
			}
		}
		return true
	}
	return false
}

// lookup finds an object by its id, whatever kind it is; nil when there is none.
func (s *Stripe) lookup(id string) object {
	prefix, _, _ := strings.Cut(id, "_")
	show, known := map[string]func() object{
		"cus":   func() object { return shownIf(s.state.Customers.Get(id), s.showCustomer) },
		"sub":   func() object { return shownIf(s.state.Subscriptions.Get(id), s.showSubscription) },
		"in":    func() object { return shownIf(s.state.Invoices.Get(id), s.showInvoice) },
		"pi":    func() object { return shownIf(s.state.PaymentIntents.Get(id), s.showPaymentIntent) },
		"ch":    func() object { return shownIf(s.state.Charges.Get(id), s.showCharge) },
		"pm":    func() object { return shownIf(s.state.PaymentMethods.Get(id), s.showPaymentMethod) },
		"price": func() object { return shownIf(s.state.Prices.Get(id), s.showPrice) },
		"prod":  func() object { return shownIf(s.state.Products.Get(id), s.showProduct) },
		"feat":  func() object { return shownIf(s.state.Features.Get(id), s.showFeature) },
	}[prefix]
	if !known {
		return nil
	}
	return show()
}

func shownIf[T any](found *T, show func(*T) object) object {
	if found == nil {
		return nil
	}
	return show(found)
}
