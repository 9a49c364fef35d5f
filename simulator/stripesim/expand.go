package stripesim

import (
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

// expansion replaces ids with objects in the shape of an API version.
type expansion struct {
	*Stripe
	version string
}

// expand replaces ids with objects along each path, up to four levels deep.
func (s *Stripe) expand(version string, shown api.Object, paths []string) error {
	for _, path := range paths {
		fields := strings.Split(path, ".")
		if len(fields) > 4 {
			return api.Invalid("expand", "You cannot expand more than 4 levels of a property. Property: %s", path)
		}
		if slices.Contains(fields, "") {
			return api.Invalid("expand", "Invalid property to expand (%s).", path)
		}
		if (expansion{s, version}).object(shown, fields) {
			continue
		}
		hint := ""
		if kind := shown.Text("object"); (kind == "list" || kind == "search_result") && fields[0] != "data" {
			hint = " You may want to try expanding 'data." + path + "' instead."
		}
		return api.Invalid("expand", "This property cannot be expanded (%s).%s", path, hint)
	}
	return nil
}

// object expands a path that starts at an object. It reports whether the path
// may be expanded, even if nothing is found at its end.
func (e expansion) object(at api.Object, fields []string) bool {
	kind := at.Text("object")
	if at["deleted"] == true {
		return true // a deleted object has nothing to expand
	}
	if include := includable[kind][fields[0]]; include != nil && at[fields[0]] == nil {
		wrapped := e.versions.InVersion(e.version, api.Object{"included": include(e.Stripe, at)})
		at[fields[0]] = wrapped["included"]
	}
	return e.field(at, kind, "", fields)
}

// field expands a field of an object of the given kind, or of a hash inside it.
// within is the path of that hash.
func (e expansion) field(at api.Object, kind, within string, fields []string) bool {
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
		expanded := e.account.Named(name, held)
		if expanded == nil {
			return false // an object that the simulator does not have
		}
		expanded = e.versions.InVersion(e.version, expanded)
		at[name] = expanded
		return len(rest) == 0 || e.object(expanded, rest)
	case api.Object:
		switch {
		case len(rest) == 0:
			return true
		case held.Text("object") != "":
			return e.object(held, rest)
		}
		return e.field(held, kind, path+".", rest)
	case []any:
		return e.elements(held, kind, path, rest)
	}
	return false
}

// elements expands the elements of an array: ids, objects or hashes.
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
			expanded := e.account.Named(strings.TrimSuffix(name, "s"), held)
			if expanded == nil {
				return false
			}
			expanded = e.versions.InVersion(e.version, expanded)
			list[i] = expanded
			if len(rest) > 0 && !e.object(expanded, rest) {
				return false
			}
		case api.Object:
			switch {
			case len(rest) == 0:
			case held.Text("object") != "" && !e.object(held, rest):
				return false
			case held.Text("object") == "" && !e.field(held, kind, path+".", rest):
				return false
			}
		default:
			return false
		}
	}
	return true
}

// expandable reports whether the field at a path may hold an object.
func (e expansion) expandable(kind, path string) bool {
	_, include := includable[kind][path]
	return include || slices.Contains(expandable[kind], path) ||
		e.version < version.Basil.Since && slices.Contains(formerlyExpandable[kind], path)
}
