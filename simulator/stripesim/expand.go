package stripesim

import (
	"slices"
	"strings"
)

// expansion replaces ids by objects, in the shape of one version.
type expansion struct {
	*Stripe
	version string
}

// expand replaces ids by objects along each path, at most four levels deep.
func (s *Stripe) expand(version string, shown object, paths []string) error {
	for _, path := range paths {
		fields := strings.Split(path, ".")
		if len(fields) > 4 {
			return invalid("expand", "You cannot expand more than 4 levels of a property. Property: %s", path)
		}
		if slices.Contains(fields, "") {
			return invalid("expand", "Invalid property to expand (%s).", path)
		}
		if (expansion{s, version}).object(shown, fields) {
			continue
		}
		hint := ""
		if kind := shown.text("object"); (kind == "list" || kind == "search_result") && fields[0] != "data" {
			hint = " You may want to try expanding 'data." + path + "' instead."
		}
		return invalid("expand", "This property cannot be expanded (%s).%s", path, hint)
	}
	return nil
}

// object expands along a path from an object. It reports whether the path is
// one that can be expanded; whether there is anything at its end is another matter.
func (e expansion) object(at object, fields []string) bool {
	kind := at.text("object")
	if at["deleted"] == true {
		return true // of what it was there is nothing left
	}
	if include := includable[kind][fields[0]]; include != nil && at[fields[0]] == nil {
		wrapped := e.inVersion(e.version, object{"included": include(e.Stripe, at)})
		at[fields[0]] = wrapped["included"]
	}
	return e.field(at, kind, "", fields)
}

// field expands one field of an object of a kind, or of a hash inside it, whose
// path up to here is within.
func (e expansion) field(at object, kind, within string, fields []string) bool {
	name, rest := fields[0], fields[1:]
	path := within + name
	value, there := at[name]
	if !there {
		return e.expandable(kind, path)
	}
	switch held := value.(type) {
	case nil:
		return e.expandable(kind, path)
	case int64:
		return path == "total_count" && len(rest) == 0
	case string:
		if !e.expandable(kind, path) {
			return false
		}
		expanded := e.named(name, held)
		if expanded == nil {
			return false // Stripe has an object there that the simulator does not
		}
		expanded = e.inVersion(e.version, expanded)
		at[name] = expanded
		return len(rest) == 0 || e.object(expanded, rest)
	case object:
		switch {
		case len(rest) == 0:
			return true
		case held.text("object") != "":
			return e.object(held, rest)
		}
		return e.field(held, kind, path+".", rest)
	case []any:
		return e.elements(held, kind, path, rest)
	}
	return false
}

// elements expands each element of an array: ids, objects or hashes.
func (e expansion) elements(list []any, kind, path string, rest []string) bool {
	if len(list) == 0 {
		return true
	}
	name := path[strings.LastIndex(path, ".")+1:]
	for i, element := range list {
		switch held := element.(type) {
		case string:
			if !e.expandable(kind, path) {
				return false
			}
			expanded := e.named(strings.TrimSuffix(name, "s"), held)
			if expanded == nil {
				return false
			}
			expanded = e.inVersion(e.version, expanded)
			list[i] = expanded
			if len(rest) > 0 && !e.object(expanded, rest) {
				return false
			}
		case object:
			switch {
			case len(rest) == 0:
			case held.text("object") != "" && !e.object(held, rest):
				return false
			case held.text("object") == "" && !e.field(held, kind, path+".", rest):
				return false
			}
		default:
			return false
		}
	}
	return true
}

// expandable says whether the field at a path of a kind of object is one that
// can hold an object.
func (e expansion) expandable(kind, path string) bool {
	_, include := includable[kind][path]
	return include || slices.Contains(expandable[kind], path) ||
		e.version < basil.since && slices.Contains(formerlyExpandable[kind], path)
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
