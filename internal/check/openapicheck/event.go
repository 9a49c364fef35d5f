package openapicheck

import "strings"

// stripeObject checks what the schema of an event leaves open: its type, and its object.
func (c *checker) stripeObject(w *walk, name string, value map[string]any, at *trail) {
	if name == "event" {
		c.event(w, value, at)
	}
}

func (c *checker) event(w *walk, value map[string]any, at *trail) {
	kind, _ := value["type"].(string)
	if !c.eventTypes[kind] {
		w.deviates(at.field("type"), "is %q, which the document does not list as an event type", kind)
	}
	version, _ := value["api_version"].(string)
	release := releaseOf(version)
	if !c.described(release) {
		return
	}
	data, _ := value["data"].(map[string]any)
	object, _ := data["object"].(map[string]any)
	if object == nil {
		return // checking the event's schema has reported it
	}
	at = at.field("data")
	typed, _ := object["object"].(string)
	described := c.stripe.schema(typed)
	if described == nil {
		if _, known := undescribedObjects[typed]; !known {
			w.deviates(at.field("object").field("object"), "is %q, which the document does not describe", typed)
		}
		return
	}
	if deleted := c.stripe.schema("deleted_" + typed); object["deleted"] == true && deleted != nil &&
		len(object) == len(deleted.Properties) {
		described = deleted
	}
	// The object has the shape of the event's release, not of the request's.
	inner := &walk{document: w.document, excused: excusedBy(release)}
	inner.value(described, object, at.field("object"))
	previous, updated := data["previous_attributes"].(map[string]any)
	if updated {
		inner.partial(described, previous, at.field("previous_attributes"))
	}
	w.found = append(w.found, inner.found...)
	if updated && !strings.HasSuffix(kind, ".updated") && !previousAttributes[kind] {
		w.deviates(at.field("previous_attributes"), "is present, although the type is not *.updated")
	}
}

// eventTypes returns the types that a webhook endpoint can subscribe to.
func eventTypes(stripe *document) map[any]bool {
	types := map[any]bool{}
	for _, kind := range stripe.operation("POST", "/v1/webhook_endpoints").parameters().Properties["enabled_events"].Items.Enum {
		types[kind] = true
	}
	return types
}

// partial checks an object that holds only what changed. Every name must be in the schema; null means that the
// property was absent before.
func (w *walk) partial(s *schema, value map[string]any, at *trail) {
	for name, held := range value {
		property := w.document.resolve(s.Properties[name])
		if property == nil {
			switch {
			case s.Additional.schema != nil:
				property = w.document.resolve(s.Additional.schema)
			case s.Additional.allowed, w.excused != nil && w.excused(s.name, name):
				continue
			default:
				w.deviates(at.field(name), "is unknown to the document")
				continue
			}
		}
		if held == nil {
			continue
		}
		nested, isObject := held.(map[string]any)
		if !isObject {
			w.value(property, held, at.field(name))
			continue
		}
		w.partialOneOf(property, nested, at.field(name))
	}
}

// partialOneOf checks against the alternative with the fewest deviations.
func (w *walk) partialOneOf(s *schema, value map[string]any, at *trail) {
	options := w.document.options(s)
	if len(options) == 0 {
		options = []*schema{s}
	}
	options = keep(options, func(option *schema) bool { return option.fits(value) })
	if len(options) == 0 {
		w.deviates(at, "is object, want %s", s.wants())
		return
	}
	var best *walk
	for _, option := range options {
		trial := &walk{document: w.document, excused: w.excused}
		trial.partial(option, value, at)
		if best == nil || len(trial.found) < len(best.found) {
			best = trial
		}
	}
	w.found = append(w.found, best.found...)
}
