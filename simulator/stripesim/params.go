package stripesim

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params reads the parameters of one request. The first error sticks: a handler
// reads all it needs and then asks failed once.
type params struct {
	at      *node
	prefix  string
	failure **Error
}

func newParams(root *node) params { return params{at: root, failure: new(*Error)} }

func (p params) failed() *Error { return *p.failure }

func (p params) fail(e *Error) {
	if *p.failure == nil {
		*p.failure = e
	}
}

func (p params) name(field string) string {
	if p.prefix == "" {
		return field
	}
	return p.prefix + "[" + field + "]"
}

// only refuses every field of a hash but the named ones, as route.accepts does
// at the top. It returns p, so that it can stand where the hash is read:
//
//	recurring := c.sub("recurring").only("interval", "interval_count")
//
// An empty value instead of a hash unsets it and passes; any other is refused.
func (p params) only(names ...string) params {
	if p.at == nil {
		return p
	}
	if len(p.at.items) > 0 || len(p.at.order) == 0 && p.at.value != "" {
		p.fail(malformed("", p.prefix, "Invalid object"))
	}
	var unknown []string
	for _, name := range p.at.order {
		if !slices.Contains(names, name) {
			unknown = append(unknown, p.name(name))
		}
	}
	if len(unknown) > 0 {
		p.fail(unknownParams(unknown))
	}
	return p
}

// has says whether a parameter was sent, be it empty.
func (p params) has(field string) bool { return p.at.child(field) != nil }

// hash says whether a parameter was sent with fields or elements, and not as one value.
func (p params) hash(field string) bool { return p.at.child(field).nested() }

// text reads one value; a hash or an array in its place is refused.
func (p params) text(field string) string {
	child := p.at.child(field)
	switch {
	case child == nil:
		return ""
	case child.nested():
		p.fail(malformed("", p.name(field), "Invalid string"))
		return ""
	case len(child.value) > longestText && len([]rune(child.value)) > longestText:
		p.fail(tooLong(p.name(field), child.value, longestText))
	}
	return child.value
}

// longestText is how many characters a text can have that has no other limit.
const longestText = 5000

// textOr returns the parameter, or old when it was not sent. An empty one unsets.
func (p params) textOr(field, old string) string {
	if p.has(field) {
		return p.text(field)
	}
	return old
}

func (p params) required(field string) string {
	switch child := p.at.child(field); {
	case child == nil:
		p.fail(missingParam(p.name(field)))
	case child.isSet && child.value == "":
		p.fail(malformed("parameter_invalid_empty", p.name(field),
			"You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; however '%s' cannot be unset.",
			p.name(field), p.name(field)))
	}
	return p.text(field)
}

func (p params) integer(field string, fallback int64) int64 {
	text := p.text(field)
	if text == "" {
		return fallback
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.fail(malformed("parameter_invalid_integer", p.name(field), "Invalid integer: %s", text))
	}
	return value
}

func (p params) boolean(field string, fallback bool) bool {
	switch text := p.text(field); text {
	case "":
		return fallback
	case "true", "1":
		return true
	case "false", "0":
		return false
	default:
		p.fail(malformed("", p.name(field), "Invalid boolean: %s", text))
		return fallback
	}
}

func (p params) enum(field, fallback string, allowed ...string) string {
	text := p.text(field)
	if text == "" {
		return fallback
	}
	if !slices.Contains(allowed, text) {
		p.fail(malformed("", p.name(field), "Invalid %s: must be one of %s", p.name(field), strings.Join(allowed, ", ")))
	}
	return text
}

// decimal reads a number such as a percentage; 0 when it was not sent.
func (p params) decimal(field string) float64 {
	text := p.text(field)
	if text == "" {
		return 0
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		p.fail(malformed("", p.name(field), "Invalid decimal: %s", text))
	}
	return value
}

// positive reads an integer that must be at least 1 when it is sent.
func (p params) positive(field string) int64 {
	value := p.integer(field, 0)
	if p.text(field) != "" && value < 1 {
		p.fail(malformed("parameter_invalid_integer", p.name(field), "This value must be greater than or equal to 1."))
	}
	return value
}

// address reads an absolute web address; an empty one unsets.
func (p params) address(field, old string) string {
	text := p.textOr(field, old)
	if parsed, err := url.Parse(text); text != "" && (err != nil || parsed.Host == "" || parsed.Scheme != "https" &&
		parsed.Scheme != "http") {
		p.fail(invalidCode("url_invalid", p.name(field), "Not a valid URL"))
	}
	return text
}

// time reads a Unix time in seconds; the zero time when it was not sent or is empty.
func (p params) time(field string) time.Time {
	seconds := p.integer(field, 0)
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func (p params) sub(field string) params {
	return params{at: p.at.child(field), prefix: p.name(field), failure: p.failure}
}

// elements returns what an array holds. An empty value is the empty array, which
// is how the official clients send one; any other value is refused.
func (p params) elements(field string) []*node {
	array := p.at.child(field)
	if array == nil {
		return nil
	}
	if !array.nested() && array.value != "" || slices.ContainsFunc(array.order,
		func(index string) bool { return !isIndex(index) }) {
		p.fail(malformed("", p.name(field), "Invalid array"))
		return nil
	}
	return array.list()
}

func (p params) list(field string) []params {
	elements := p.elements(field)
	list := make([]params, len(elements))
	for i, element := range elements {
		list[i] = params{at: element, prefix: p.name(field) + "[" + strconv.Itoa(i) + "]", failure: p.failure}
	}
	return list
}

func (p params) texts(field string) []string {
	elements := p.elements(field)
	texts := make([]string, len(elements))
	for i, element := range elements {
		if element.nested() {
			p.fail(malformed("", p.name(field)+"["+strconv.Itoa(i)+"]", "Invalid string"))
		}
		texts[i] = element.value
	}
	return texts
}

// metadata applies Stripe's rules to old and returns the result: an empty value
// deletes a key, an empty metadata clears all, at most 50 keys of 40 characters
// with values of 500. Metadata that is stored is never changed in place, so that
// objects may share it.
func (p params) metadata(old map[string]string) map[string]string {
	const field = "metadata"
	sent := p.at.child(field)
	if sent == nil {
		return old
	}
	result := maps.Clone(old)
	if result == nil {
		result = map[string]string{}
	}
	if len(sent.fields) == 0 {
		if sent.value != "" || len(sent.items) > 0 {
			p.fail(malformed("", p.name(field), "Invalid hash"))
		}
		return map[string]string{}
	}
	for _, key := range sent.order {
		value := sent.fields[key].value
		switch {
		case sent.fields[key].nested():
			p.fail(malformed("", p.name(field)+"["+key+"]",
				"Metadata values must be strings, but for key '%s' you passed in a value of type hash.", key))
		case value == "":
			delete(result, key)
			continue
		case len([]rune(key)) > 40:
			p.fail(malformed("", p.name(field), "Metadata keys can have up to 40 characters. '%s' is too long.", key))
		case len([]rune(value)) > 500:
			p.fail(malformed("", p.name(field)+"["+key+"]",
				"Metadata values can have up to 500 characters, but you passed in a value that is %d characters.",
				len([]rune(value))))
		}
		result[key] = value
	}
	if len(result) > 50 {
		p.fail(malformed("", p.name(field), "You can have up to 50 metadata keys; this object would have %d.", len(result)))
	}
	return result
}
