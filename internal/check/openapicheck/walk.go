package openapicheck

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// walk compares one JSON value, decoded with UseNumber, with a schema.
type walk struct {
	document *document
	// excused reports whether an object may have a property that its schema does not know. May be nil.
	excused func(owner, property string) bool
	// visit is called with each object of a named schema, for further checks. May be nil.
	visit func(w *walk, name string, value map[string]any, at *trail)
	found []deviation
}

// deviation is one place where a value does not match the document.
type deviation struct {
	at   string
	what string
}

// trail is the path to a value, last step first; nil is the whole value.
type trail struct {
	parent *trail
	name   string
}

func (t *trail) field(name string) *trail { return &trail{t, name} }

func (t *trail) index(i int) *trail { return &trail{t, "[" + strconv.Itoa(i) + "]"} }

// String returns a path such as data[0].price.
func (t *trail) String() string {
	switch {
	case t == nil:
		return ""
	case t.parent == nil || strings.HasPrefix(t.name, "["):
		return t.parent.String() + t.name
	}
	return t.parent.String() + "." + t.name
}

func (w *walk) deviates(at *trail, format string, args ...any) {
	w.found = append(w.found, deviation{at.String(), fmt.Sprintf(format, args...)})
}

// value checks a value against a schema. A nil schema accepts everything.
func (w *walk) value(s *schema, value any, at *trail) {
	s = w.document.resolve(s)
	if s == nil {
		return
	}
	if value == nil {
		if !w.nullable(s) {
			w.deviates(at, "is null, which the document does not allow")
		}
		return
	}
	if len(s.AllOf) > 0 {
		s = w.document.merged(s)
	}
	if options := w.document.options(s); len(options) > 0 {
		w.oneOf(options, value, at)
		return
	}
	if !w.kind(s, value, at) {
		return
	}
	switch value := value.(type) {
	case string:
		w.text(s, value, at)
		if s.Format == "currency" && !currency.MatchString(value) { // a request may say USD
			w.deviates(at, "is %s, want a currency in three lower-case letters", short(value))
		}
	case json.Number:
		w.number(s, value, at)
	case []any:
		if s.MaxItems != nil && len(value) > *s.MaxItems || s.MinItems != nil && len(value) < *s.MinItems {
			w.deviates(at, "has %d elements, which the document does not allow", len(value))
		}
		for i, element := range value {
			w.value(s.Items, element, at.index(i))
		}
	case map[string]any:
		w.object(s, value, at)
	}
	w.enum(s, value, at)
}

// nullable reports whether a schema, or one of its alternatives, accepts null.
func (w *walk) nullable(s *schema) bool {
	if s.Nullable || s.unrestricted() {
		return true
	}
	for _, option := range slices.Concat(s.AnyOf, s.OneOf) {
		if resolved := w.document.resolve(option); resolved != nil && w.nullable(resolved) {
			return true
		}
	}
	// A wrapper of one schema that does not mention null is as nullable as the schema that it wraps.
	return len(s.AllOf) == 1 && w.nullable(w.document.resolve(s.AllOf[0]))
}

func (w *walk) object(s *schema, value map[string]any, at *trail) {
	if s.name != "" && w.visit != nil {
		w.visit(w, s.name, value, at)
	}
	for _, name := range s.Required {
		if _, there := value[name]; !there {
			w.deviates(at.field(name), "is missing; the document requires it")
		}
	}
	for name, held := range value {
		if property, known := s.Properties[name]; known {
			w.value(property, held, at.field(name))
			continue
		}
		switch {
		case s.Additional.schema != nil:
			w.value(s.Additional.schema, held, at.field(name))
		case s.Additional.given && s.Additional.allowed, !s.Additional.given && !w.document.strict:
		case w.excused != nil && w.excused(s.name, name):
		default:
			w.deviates(at.field(name), "is unknown to the document")
		}
	}
}

// kindOf returns the kind of a JSON value, as schemas name it.
func kindOf(value any) string {
	switch value.(type) {
	case string:
		return "string"
	case json.Number:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}

// fits reports whether a schema accepts values of this kind at all.
func (s *schema) fits(value any) bool {
	kind := kindOf(value)
	switch s.Type {
	case "":
		return len(s.Properties) == 0 || kind == "object"
	case "integer":
		return kind == "number"
	}
	return s.Type == kind
}

func (w *walk) kind(s *schema, value any, at *trail) bool {
	if !s.fits(value) {
		w.deviates(at, "is %s (%s), want %s", kindOf(value), short(value), s.wants())
		return false
	}
	return true
}

func (s *schema) wants() string {
	if s.Type == "" {
		return "object"
	}
	return s.Type
}

func (w *walk) number(s *schema, value json.Number, at *trail) {
	number, err := value.Float64()
	if err != nil {
		w.deviates(at, "is the number %s, which cannot be read", value)
		return
	}
	if s.Type == "integer" && number != math.Trunc(number) {
		w.deviates(at, "is %s, want integer", value)
	}
	if s.Minimum != nil && number < *s.Minimum || s.Maximum != nil && number > *s.Maximum {
		w.deviates(at, "is %s, which is out of the document's range", value)
	}
}

func (w *walk) text(s *schema, value string, at *trail) {
	length := utf8.RuneCountInString(value)
	if s.MaxLength != nil && length > *s.MaxLength || s.MinLength != nil && length < *s.MinLength {
		w.deviates(at, "has %d characters, which the document does not allow", length)
	}
	if s.Pattern != "" && !compiled(s.Pattern).MatchString(value) {
		w.deviates(at, "is %s, which does not match %s", short(value), s.Pattern)
	}
	if s.Format == "decimal" && !decimal.MatchString(value) {
		w.deviates(at, "is %s, want a decimal number", short(value))
	}
}

var (
	decimal  = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	currency = regexp.MustCompile(`^[a-z]{3}$`)

	patterns sync.Map
)

func compiled(pattern string) *regexp.Regexp {
	if known, ok := patterns.Load(pattern); ok {
		return known.(*regexp.Regexp)
	}
	made := regexp.MustCompile(pattern)
	patterns.Store(pattern, made)
	return made
}

func (w *walk) enum(s *schema, value any, at *trail) {
	if len(s.Enum) == 0 || slices.ContainsFunc(s.Enum,
		func(allowed any) bool { return fmt.Sprint(allowed) == fmt.Sprint(value) }) {
		return
	}
	allowed := make([]string, len(s.Enum))
	for i, a := range s.Enum {
		allowed[i] = fmt.Sprint(a)
	}
	w.deviates(at, "is %s, want one of %s", short(value), short(strings.Join(allowed, ", ")))
}

// short shows a value in a message.
func short(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	if len(encoded) > 120 {
		return string(encoded[:117]) + "..."
	}
	return string(encoded)
}
