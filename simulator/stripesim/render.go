package stripesim

import (
	"maps"
	"reflect"
	"time"
)

// object is a JSON object as the API shows it.
type object map[string]any

// orNull shows an empty string as null.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// orNone shows a number that is only there when it is not 0.
func orNone(number int64) any {
	if number == 0 {
		return nil
	}
	return number
}

// shownOrNull shows an object that need not be there.
func shownOrNull(shown object) any {
	if shown == nil {
		return nil
	}
	return shown
}

// unix shows a time in seconds, the zero time as null.
func unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// shown copies metadata, so that an event's snapshot does not follow later changes.
func shown(metadata map[string]string) map[string]string {
	if metadata == nil {
		return map[string]string{}
	}
	return maps.Clone(metadata)
}

func list(url string, data []any, more bool) object {
	if data == nil {
		data = []any{}
	}
	return object{"object": "list", "data": data, "has_more": more, "url": url}
}

// previous returns what differs in after, with the values of before: nested
// objects by the changed field, arrays as a whole, as in previous_attributes.
func previous(before, after object) object {
	changed := object{}
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
	case object:
		if is, ok := now.(object); ok {
			nested := previous(was, is)
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

func previousTexts(before, after map[string]string) object {
	changed := object{}
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
