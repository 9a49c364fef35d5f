package api

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Params reads the parameters of a request. It keeps the first error: a handler
// reads everything it needs, then checks Failed once.
type Params struct {
	At      *Node
	Prefix  string
	Failure **Error
}

// NewParams returns the parameters of a decoded form.
func NewParams(root *Node) Params { return Params{At: root, Failure: new(*Error)} }

// Failed returns the first error, or nil.
func (p Params) Failed() *Error { return *p.Failure }

// Fail records an error unless there is one already.
func (p Params) Fail(e *Error) {
	if *p.Failure == nil {
		*p.Failure = e
	}
}

// Name returns the full name of a field, such as items[0][price].
func (p Params) Name(field string) string {
	if p.Prefix == "" {
		return field
	}
	return p.Prefix + "[" + field + "]"
}

// Only refuses every field of a hash except the named ones, as Route.Accepts
// does at the top level. It returns p, so it can be chained:
//
//	recurring := c.Sub("recurring").Only("interval", "interval_count")
//
// An empty value in place of the hash unsets it and is accepted. Any other
// value is refused.
func (p Params) Only(names ...string) Params {
	if p.At == nil {
		return p
	}
	if len(p.At.items) > 0 || len(p.At.Order) == 0 && p.At.Value != "" {
		p.Fail(Malformed("", p.Prefix, "Invalid object"))
	}
	var unknown []string
	for _, name := range p.At.Order {
		if !slices.Contains(names, name) {
			unknown = append(unknown, p.Name(name))
		}
	}
	if len(unknown) > 0 {
		p.Fail(UnknownParams(unknown))
	}
	return p
}

// Has reports whether a parameter was sent, even an empty one.
func (p Params) Has(field string) bool { return p.At.Child(field) != nil }

// Hash reports whether a parameter was sent as a hash or an array.
func (p Params) Hash(field string) bool { return p.At.Child(field).nested() }

// Text reads one string. It refuses a hash or an array.
func (p Params) Text(field string) string {
	child := p.At.Child(field)
	switch {
	case child == nil:
		return ""
	case child.nested():
		p.Fail(Malformed("", p.Name(field), "Invalid string"))
		return ""
	case len(child.Value) > longestText && len([]rune(child.Value)) > longestText:
		p.Fail(tooLong(p.Name(field), child.Value, longestText))
	}
	return child.Value
}

// longestText is the limit, in characters, of strings without a limit of their
// own.
const longestText = 5000

// TextOr returns the parameter, or old when it was not sent. An empty value
// unsets it.
func (p Params) TextOr(field, old string) string {
	if p.Has(field) {
		return p.Text(field)
	}
	return old
}

// Required reads a string that must be sent and must not be empty.
func (p Params) Required(field string) string {
	switch child := p.At.Child(field); {
	case child == nil:
		p.Fail(MissingParam(p.Name(field)))
	case child.IsSet && child.Value == "":
		p.Fail(Malformed("parameter_invalid_empty", p.Name(field),
			"You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; however '%s' cannot be unset.",
			p.Name(field), p.Name(field)))
	}
	return p.Text(field)
}

// Integer reads an integer, or returns fallback when none was sent.
func (p Params) Integer(field string, fallback int64) int64 {
	text := p.Text(field)
	if text == "" {
		return fallback
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.Fail(Malformed("parameter_invalid_integer", p.Name(field), "Invalid integer: %s", text))
	}
	return value
}

// Boolean reads true or false, or returns fallback when none was sent.
func (p Params) Boolean(field string, fallback bool) bool {
	switch text := p.Text(field); text {
	case "":
		return fallback
	case "true", "1":
		return true
	case "false", "0":
		return false
	default:
		p.Fail(Malformed("", p.Name(field), "Invalid boolean: %s", text))
		return fallback
	}
}

// Enum reads one of the allowed values, or returns fallback when none was sent.
func (p Params) Enum(field, fallback string, allowed ...string) string {
	text := p.Text(field)
	if text == "" {
		return fallback
	}
	if !slices.Contains(allowed, text) {
		p.Fail(Malformed("", p.Name(field), "Invalid %s: must be one of %s", p.Name(field), strings.Join(allowed, ", ")))
	}
	return text
}

// Decimal reads a number such as a percentage, or 0 when none was sent.
func (p Params) Decimal(field string) float64 {
	text := p.Text(field)
	if text == "" {
		return 0
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		p.Fail(Malformed("", p.Name(field), "Invalid decimal: %s", text))
	}
	return value
}

// Positive reads an integer that must be at least 1. It returns 0 when none was
// sent.
func (p Params) Positive(field string) int64 {
	value := p.Integer(field, 0)
	if p.Text(field) != "" && value < 1 {
		p.Fail(Malformed("parameter_invalid_integer", p.Name(field), "This value must be greater than or equal to 1."))
	}
	return value
}

// Address reads an absolute URL. It returns old when none was sent; an empty
// one unsets it.
func (p Params) Address(field, old string) string {
	text := p.TextOr(field, old)
	if parsed, err := url.Parse(text); text != "" && (err != nil || parsed.Host == "" || parsed.Scheme != "https" &&
		parsed.Scheme != "http") {
		p.Fail(InvalidCode("url_invalid", p.Name(field), "Not a valid URL"))
	}
	return text
}

// Time reads a time in Unix seconds. It returns the zero time when none, or an
// empty one, was sent.
func (p Params) Time(field string) time.Time {
	seconds := p.Integer(field, 0)
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Sub returns the parameters of a nested hash.
func (p Params) Sub(field string) Params {
	return Params{At: p.At.Child(field), Prefix: p.Name(field), Failure: p.Failure}
}

// elements returns the elements of an array. An empty value is an empty array:
// the official clients send it that way. Any other value is refused.
func (p Params) elements(field string) []*Node {
	array := p.At.Child(field)
	if array == nil {
		return nil
	}
	if !array.nested() && array.Value != "" || slices.ContainsFunc(array.Order,
		func(index string) bool { return !isIndex(index) }) {
		p.Fail(Malformed("", p.Name(field), "Invalid array"))
		return nil
	}
	return array.list()
}

// List returns the hashes of an array.
func (p Params) List(field string) []Params {
	elements := p.elements(field)
	list := make([]Params, len(elements))
	for i, element := range elements {
		list[i] = Params{At: element, Prefix: p.Name(field) + "[" + strconv.Itoa(i) + "]", Failure: p.Failure}
	}
	return list
}

// Texts reads the strings of an array.
func (p Params) Texts(field string) []string {
	elements := p.elements(field)
	texts := make([]string, len(elements))
	for i, element := range elements {
		if element.nested() {
			p.Fail(Malformed("", p.Name(field)+"["+strconv.Itoa(i)+"]", "Invalid string"))
		}
		texts[i] = element.Value
	}
	return texts
}

// Metadata merges metadata into old by Stripe's rules and returns the result.
// An empty value deletes its key, and an empty metadata clears everything.
// There may be 50 keys of 40 characters with values of 500. Stored metadata is
// never changed in place, so objects may share it.
func (p Params) Metadata(old map[string]string) map[string]string {
	const field = "metadata"
	sent := p.At.Child(field)
	if sent == nil {
		return old
	}
	result := maps.Clone(old)
	if result == nil {
		result = map[string]string{}
	}
	if len(sent.Fields) == 0 {
		if sent.Value != "" || len(sent.items) > 0 {
			p.Fail(Malformed("", p.Name(field), "Invalid hash"))
		}
		return map[string]string{}
	}
	for _, key := range sent.Order {
		value := sent.Fields[key].Value
		switch {
		case sent.Fields[key].nested():
			p.Fail(Malformed("", p.Name(field)+"["+key+"]",
				"Metadata values must be strings, but for key '%s' you passed in a value of type hash.", key))
		case value == "":
			delete(result, key)
			continue
		case len([]rune(key)) > 40:
			p.Fail(Malformed("", p.Name(field), "Metadata keys can have up to 40 characters. '%s' is too long.", key))
		case len([]rune(value)) > 500:
			p.Fail(Malformed("", p.Name(field)+"["+key+"]",
				"Metadata values can have up to 500 characters, but you passed in a value that is %d characters.",
				len([]rune(value))))
		}
		result[key] = value
	}
	if len(result) > 50 {
		p.Fail(Malformed("", p.Name(field), "You can have up to 50 metadata keys; this object would have %d.", len(result)))
	}
	return result
}
