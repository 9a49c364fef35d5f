package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"time"
)

// IDs shows ids as an array.
func IDs(list []string) []any {
	shown := make([]any, len(list))
	for i, id := range list {
		shown[i] = id
	}
	return shown
}

// Encode marshals a value that always marshals. It panics otherwise.
func Encode(value any) json.RawMessage {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("stripesim: an object does not marshal: %v", err))
	}
	return encoded
}

// Texts shows a list of strings. An empty list is [].
func Texts(list []string) []any {
	shown := make([]any, len(list))
	for i, text := range list {
		shown[i] = text
	}
	return shown
}

// Object is a JSON object as the API shows it.
type Object map[string]any

// OrNull shows an empty string as null.
func OrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// OrNone shows 0 as null.
func OrNone(number int64) any {
	if number == 0 {
		return nil
	}
	return number
}

// ShownOrNull shows a nil object as null.
func ShownOrNull(shown Object) any {
	if shown == nil {
		return nil
	}
	return shown
}

// Unix shows a time in Unix seconds, and the zero time as null.
func Unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// Shown copies metadata, so that later changes do not reach an event's
// snapshot.
func Shown(metadata map[string]string) map[string]string {
	if metadata == nil {
		return map[string]string{}
	}
	return maps.Clone(metadata)
}

// List returns a list object. more reports whether there is another page.
func List(url string, data []any, more bool) Object {
	if data == nil {
		data = []any{}
	}
	return Object{"object": "list", "data": data, "has_more": more, "url": url}
}

// Previous returns the previous_attributes of an update: the fields that differ
// in after, with their values in before. Nested objects are compared by field,
// arrays as a whole.
func Previous(before, after Object) Object {
	changed := Object{}
	for name, old := range before {
		now, still := after[name]
		if !still {
			changed[name] = old
			continue
		}
		if difference, differs := difference(old, now); differs {
			changed[name] = difference
		}
	}
	for name := range after {
		if _, had := before[name]; !had {
			changed[name] = nil
		}
	}
	return changed
}

func difference(old, now any) (any, bool) {
	switch was := old.(type) {
	case Object:
		if is, ok := now.(Object); ok {
			nested := Previous(was, is)
			return nested, len(nested) > 0
		}
	case map[string]string:
		if is, ok := now.(map[string]string); ok {
			nested := previousTexts(was, is)
			return nested, len(nested) > 0
		}
	}
	return old, !reflect.DeepEqual(old, now)
}

func previousTexts(before, after map[string]string) Object {
	changed := Object{}
	for name, old := range before {
		if now, still := after[name]; !still || now != old {
			changed[name] = old
		}
	}
	for name := range after {
		if _, had := before[name]; !had {
			changed[name] = nil
		}
	}
	return changed
}

// Before reports whether the request uses an API version older than date.
func (c *Call) Before(date string) bool { return c.Version < date }

// Inner follows a path of nested objects. It returns nil where the path ends
// early.
func (o Object) Inner(names ...string) Object {
	for _, name := range names {
		o, _ = o[name].(Object)
	}
	return o
}

// Text returns a string field, or "".
func (o Object) Text(name string) string {
	text, _ := o[name].(string)
	return text
}

// Elements returns the data of a list object.
func (o Object) Elements() []any {
	data, _ := o["data"].([]any)
	return data
}
