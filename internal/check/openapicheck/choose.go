package openapicheck

import (
	"fmt"
	"slices"
	"strings"
)

// options returns the alternatives of a schema, with nested alternatives flattened.
func (d *document) options(s *schema) []*schema {
	var all []*schema
	for _, option := range slices.Concat(s.AnyOf, s.OneOf) {
		resolved := d.resolve(option)
		if resolved == nil {
			continue
		}
		if len(resolved.AllOf) > 0 {
			resolved = d.merged(resolved)
		}
		if nested := d.options(resolved); len(nested) > 0 {
			all = append(all, nested...)
			continue
		}
		all = append(all, resolved)
	}
	return all
}

// oneOf checks a value against the alternative that it is meant to be, so that the message is about that one. It
// chooses by the kind of JSON (an id, or the object itself), then by the object's own type, then by whether it is
// marked deleted. If several are left, the one with the fewest deviations counts.
func (w *walk) oneOf(options []*schema, value any, at *trail) {
	fitting := keep(options, func(s *schema) bool { return s.fits(value) })
	if len(fitting) == 0 {
		w.deviates(at, "is %s (%s), want %s", kindOf(value), short(value), names(options, (*schema).wants))
		return
	}
	if object, is := value.(map[string]any); is {
		if own, typed := object["object"].(string); typed {
			same := keep(fitting, func(s *schema) bool { return w.document.constant(s, "object") == own })
			if len(same) == 0 && slices.ContainsFunc(fitting,
				func(s *schema) bool { return w.document.constant(s, "object") != "" }) {
				w.deviates(at, "is the object %q, want %s", own,
					names(fitting, func(s *schema) string { return w.document.constant(s, "object") }))
				return
			}
			if len(same) > 0 {
				fitting = same
			}
		}
		_, deleted := object["deleted"]
		if same := keep(fitting, func(s *schema) bool { return slices.Contains(s.Required, "deleted") == deleted }); len(
			same) > 0 {
			fitting = same
		}
	}
	w.nearest(fitting, value, at)
}

// nearest checks a value against the candidate that it deviates from least.
func (w *walk) nearest(candidates []*schema, value any, at *trail) {
	if len(candidates) == 1 {
		w.value(candidates[0], value, at)
		return
	}
	var best *walk
	for _, candidate := range candidates {
		trial := &walk{document: w.document, excused: w.excused, visit: w.visit}
		trial.value(candidate, value, at)
		if best == nil || len(trial.found) < len(best.found) {
			best = trial
		}
		if len(best.found) == 0 {
			return
		}
	}
	w.found = append(w.found, best.found...)
}

// constant returns the only value that a property of a schema can have; "" if it can have others.
func (d *document) constant(s *schema, property string) string {
	if resolved := d.resolve(s.Properties[property]); resolved != nil && len(resolved.Enum) == 1 {
		return fmt.Sprint(resolved.Enum[0])
	}
	return ""
}

// merged returns a schema with its allOf parts merged into it.
func (d *document) merged(s *schema) *schema {
	whole := *s
	whole.AllOf, whole.Properties = nil, map[string]*schema{}
	for _, part := range append([]*schema{{Properties: s.Properties}}, s.AllOf...) {
		part = d.resolve(part)
		if part == nil {
			continue
		}
		if len(part.AllOf) > 0 {
			part = d.merged(part)
		}
		for name, property := range part.Properties {
			whole.Properties[name] = property
		}
		if whole.name == "" {
			whole.name = part.name
		}
		if whole.Type == "" {
			whole.Type = part.Type
		}
		if !whole.Additional.given {
			whole.Additional = part.Additional
		}
		if len(whole.Enum) == 0 {
			whole.Enum = part.Enum
		}
		if whole.Items == nil {
			whole.Items = part.Items
		}
		whole.Required = append(slices.Clip(whole.Required), part.Required...)
		whole.AnyOf = append(slices.Clip(whole.AnyOf), part.AnyOf...)
		whole.OneOf = append(slices.Clip(whole.OneOf), part.OneOf...)
	}
	return &whole
}

// unrestricted reports whether a schema allows everything.
func (s *schema) unrestricted() bool {
	return s.Type == "" && len(s.Properties) == 0 && len(s.AnyOf) == 0 && len(s.OneOf) == 0 && len(s.AllOf) == 0 &&
		len(s.Enum) == 0
}

func keep(schemas []*schema, keep func(*schema) bool) []*schema {
	var kept []*schema
	for _, s := range schemas {
		if keep(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func names(schemas []*schema, name func(*schema) string) string {
	var all []string
	for _, s := range schemas {
		if n := name(s); n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return strings.Join(all, " or ")
}
