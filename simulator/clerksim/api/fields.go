package api

import (
	"maps"
	"slices"
)

// Kind is the JSON type of a body parameter. Null always counts as absent.
type Kind string

// The types of body parameters.
const (
	Text   Kind = "string"
	Flag   Kind = "boolean"
	Number Kind = "integer"
	Texts  Kind = "array of strings"
	Map    Kind = "object"
)

func (k Kind) holds(value any) bool {
	switch value := value.(type) {
	case string:
		return k == Text
	case bool:
		return k == Flag
	case float64:
		return k == Number && value == float64(int64(value))
	case map[string]any:
		return k == Map
	case []any:
		return k == Texts && !slices.ContainsFunc(value, func(element any) bool { _, ok := element.(string); return !ok })
	}
	return false
}

// Fields are the body parameters of an operation.
type Fields map[string]Kind

// With returns the fields together with others.
func (f Fields) With(others Fields) Fields {
	all := maps.Clone(f)
	maps.Copy(all, others)
	return all
}

func (f Fields) check(body map[string]any) *Error {
	for name := range Sorted(body) {
		want, known := f[name]
		if !known {
			return unknownParameter(name)
		}
		if value := body[name]; value != nil && !want.holds(value) {
			return Unprocessable(name, "form_param_value_invalid", "is invalid",
				"%s is invalid. Received %s, must be of type %s.", name, Encode(value), want)
		}
	}
	return nil
}

func unknownParameter(name string) *Error {
	return Unprocessable(name, "form_param_unknown", "is unknown", "%s is not a valid parameter for this request.", name)
}

// Sorted yields the keys of a map in alphabetical order, so that the same
// request always gets the same answer.
func Sorted[V any](m map[string]V) func(func(string) bool) {
	return slices.Values(slices.Sorted(maps.Keys(m)))
}
