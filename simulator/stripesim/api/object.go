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

func Encode(value any) json.RawMessage {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("stripesim: an object does not marshal: %v", err))
	}
	return encoded
}

// Texts shows a list of texts, an empty one as [].
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

// OrNone shows a number that is only there when it is not 0.
func OrNone(number int64) any {
	if number == 0 {
		return nil
	}
	return number
}

// ShownOrNull shows an object that need not be there.
func ShownOrNull(shown Object) any {
	if shown == nil {
		return nil
	}
	return shown
}

// Unix shows a time in seconds, the zero time as null.
func Unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// Shown copies metadata, so that an event's snapshot does not follow later changes.
func Shown(metadata map[string]string) map[string]string {
	if metadata == nil {
		return map[string]string{}
	}
	return maps.Clone(metadata)
}

func List(url string, data []any, more bool) Object {
	if data == nil {
		data = []any{}
	}
	return Object{"object": "list", "data": data, "has_more": more, "url": url}
}

// Previous returns what differs in after, with the values of before: nested
// objects by the changed field, arrays as a whole, as in previous_attributes.
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

// Before says whether the request speaks an API version older than a date.
func (c *Call) Before(date string) bool { return c.Version < date }

// Inner returns the hash at a path of hashes, or nil.
func (o Object) Inner(names ...string) Object {
	for _, name := range names {
		o, _ = o[name].(Object)
	}
	return o
}

// Text returns a field that is a text, or "".
func (o Object) Text(name string) string {
	text, _ := o[name].(string)
	return text
}

// Elements returns what a list object holds.
func (o Object) Elements() []any {
	data, _ := o["data"].([]any)
	return data
}
