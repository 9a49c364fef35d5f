package stripesim

import (
	"slices"
	"strings"
)

// expandable are the fields that hold an id and can hold the object.
var expandable = []string{
	"charge",
	"configuration",
	"coupon",
	"customer",
	"default_payment_method",
	"default_price",
	"dispute",
	"feature",
	"invoice",
	"latest_charge",
	"latest_invoice",
	"payment_intent",
	"payment_method",
	"product",
	"promotion_code",
	"subscription",
	"test_clock",
}

// includable are the fields that are only there when asked for, by object type.
var includable = map[string]map[string]func(*Stripe, object) any{
	"checkout.session": {"line_items": func(s *Stripe, o object) any { return s.sessionLines(o["id"].(string)) }},
	"customer":         {"subscriptions": func(s *Stripe, o object) any { return s.customerSubscriptions(o["id"].(string)) }},
	"invoice":          {"payments": func(s *Stripe, o object) any { return s.invoicePayments(o["id"].(string)) }},
	"coupon":           {"applies_to": func(s *Stripe, o object) any { return s.couponProducts(o["id"].(string)) }},
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
		expanded := s.named(name, held)
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

// named finds the object that a field names. Ids that merchants choose say
// nothing about their kind; there the field does.
func (s *Stripe) named(field, id string) object {
	switch field {
	case "coupon":
		return shownIf(s.state.Coupons.Get(id), s.showCoupon)
	case "product":
		return shownIf(s.state.Products.Get(id), s.showProduct)
	case "price", "default_price":
		return shownIf(s.state.Prices.Get(id), s.showPrice)
	}
	return s.lookup(id)
}
