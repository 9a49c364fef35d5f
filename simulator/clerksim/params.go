package clerksim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is the JSON type of a body parameter. Null stands for absent everywhere.
type kind string

const (
	text   kind = "string"
	flag   kind = "boolean"
	number kind = "integer"
	texts  kind = "array of strings"
	hash   kind = "object"
)

// fields are the body parameters of an operation.
type fields map[string]kind

func (f fields) with(others fields) fields {
	all := maps.Clone(f)
	maps.Copy(all, others)
	return all
}

// decode reads the JSON body. No body and null, which Clerk's Go SDK sends with
// DELETE, are an empty object.
func (c *call) decode() *Error {
	if len(c.request.Body) == 0 {
		return nil
	}
	given := c.request.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(given); given != "" && (err != nil || media != "application/json") {
		return &Error{Status: http.StatusUnsupportedMediaType, Code: "unsupported_content_type",
			Message: "Content-Type is unsupported",
			Long:    fmt.Sprintf("Content-Type %s is unsupported. You should use application/json instead.", given)}
	}
	var decoded any
	if err := json.Unmarshal(c.request.Body, &decoded); err != nil {
		return invalidBody()
	}
	switch body := decoded.(type) {
	case nil:
	case map[string]any:
		c.body = body
	case []any:
		c.items = body
	default:
		return invalidBody()
	}
	return nil
}

func invalidBody() *Error {
	return badRequest("request_body_invalid", "Request body invalid",
		"The request body is invalid. Please consult the API documentation for more information.")
}

// check refuses what the operation does not take: unknown parameters of body
// and query, and values of another type.
func (c *call) check(r *route) *Error {
	if (c.items != nil) != r.bulk || r.bulk && len(c.items) == 0 {
		return invalidBody()
	}
	for name := range sorted(c.query) {
		if plain := strings.TrimSuffix(name, "[]"); plain != versionParameter && !slices.Contains(r.queries, plain) {
			return unknownParameter(name)
		}
	}
	known := r.fields
	if c.version < r.since {
		known = known.with(r.before)
	}
	if !r.bulk {
		return known.check(c.body)
	}
	for _, item := range c.items {
		body, ok := item.(map[string]any)
		if !ok {
			return invalidBody()
		}
		if failure := known.check(body); failure != nil {
			return failure
		}
	}
	return nil
}

func (f fields) check(body map[string]any) *Error {
	for name := range sorted(body) {
		want, known := f[name]
		if !known {
			return unknownParameter(name)
		}
		if value := body[name]; value != nil && !want.holds(value) {
			return unprocessable(name, "form_param_value_invalid", "is invalid",
				"%s is invalid. Received %s, must be of type %s.", name, encode(value), want)
		}
	}
	return nil
}

func unknownParameter(name string) *Error {
	return unprocessable(name, "form_param_unknown", "is unknown", "%s is not a valid parameter for this request.", name)
}

func (k kind) holds(value any) bool {
	switch value := value.(type) {
	case string:
		return k == text
	case bool:
		return k == flag
	case float64:
		return k == number && value == float64(int64(value))
	case map[string]any:
		return k == hash
	case []any:
		return k == texts && !slices.ContainsFunc(value, func(element any) bool { _, ok := element.(string); return !ok })
	}
	return false
}

// sorted yields the keys in an order that does not depend on the map.
func sorted[V any](m map[string]V) func(func(string) bool) {
	return slices.Values(slices.Sorted(maps.Keys(m)))
}

// The readers below follow check: a value that is there has the right type.

// sent says whether the body has the parameter, null or not.
func (c *call) sent(name string) bool { _, sent := c.body[name]; return sent }

func (c *call) text(name string) string { value, _ := c.body[name].(string); return value }

func (c *call) flag(name string) bool { value, _ := c.body[name].(bool); return value }

// number reads an integer; nil when it is absent or null.
func (c *call) number(name string) *int {
	value, ok := c.body[name].(float64)
	if !ok {
		return nil
	}
	whole := int(value)
	return &whole
}

func (c *call) texts(name string) []string {
	list, _ := c.body[name].([]any)
	all := make([]string, 0, len(list))
	for _, element := range list {
		value, _ := element.(string)
		all = append(all, value)
	}
	return all
}

// needs refuses a request without one of the parameters.
func (c *call) needs(names ...string) *Error {
	for _, name := range names {
		if value := c.body[name]; value == nil || value == "" {
			return missingParameter(name)
		}
	}
	return nil
}

func missingParameter(name string) *Error {
	return unprocessable(name, "form_param_missing", "is missing", "%s must be included.", name)
}

// moment reads a time in RFC 3339; the zero time when it is absent. It cannot
// be later than latest.
func (c *call) moment(name string, latest time.Time) (time.Time, *Error) {
	given := c.text(name)
	if given == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, given)
	if err != nil {
		return time.Time{}, unprocessable(name, "form_param_invalid_time", "invalid format",
			"%s must contain a datetime specified in RFC3339 format (e.g. `2022-10-20T10:00:27.645Z`).", name)
	}
	if at.After(latest) {
		return time.Time{}, unprocessable(name, "form_disallow_future_date", "Date values must not be in the future.",
			"Date values must not be in the future.")
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// maxListed is how many values a list filter takes.
const maxListed = 100

// list reads a filter that is a list: repeated, with or without brackets.
func (c *call) list(name string) ([]string, *Error) {
	values := slices.Concat(c.query[name], c.query[name+"[]"])
	if len(values) > maxListed {
		return nil, unprocessable(name, "form_param_array_size_exceeded", "exceeds maximum size",
			"%s should not exceed %d items.", name, maxListed)
	}
	return values, nil
}

// queryFlag reads a flag of the query; nil when it is absent.
func (c *call) queryFlag(name string) (*bool, *Error) {
	given := c.query.Get(name)
	if given == "" {
		return nil, nil
	}
	value, err := strconv.ParseBool(given)
	if err != nil {
		return nil, invalidValue(name, given)
	}
	return &value, nil
}

func invalidValue(name, value string) *Error {
	return unprocessable(name, "form_param_value_invalid", "is invalid",
		"%s does not match one of the allowed values for parameter %s", value, name)
}

// millis reads a time in milliseconds from the query.
func (c *call) millis(name string, fallback int64) (int64, *Error) {
	given := c.query.Get(name)
	if given == "" {
		return fallback, nil
	}
	value, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		return 0, unprocessable(name, "form_param_invalid_date",
			"Date values must be given in Unix millisecond timestamp format.",
			"Date values must be given in Unix millisecond timestamp format.")
	}
	return value, nil
}

const (
	defaultLimit = 10
	maxLimit     = 500
)

// bounds reads limit and offset.
func (c *call) bounds() (limit, offset int, failure *Error) {
	if limit, failure = c.bound("limit", defaultLimit, 1, maxLimit); failure != nil {
		return 0, 0, failure
	}
	offset, failure = c.bound("offset", 0, 0, 1<<40)
	return limit, offset, failure
}

func (c *call) bound(name string, fallback, least, most int) (int, *Error) {
	given := c.query.Get(name)
	if given == "" {
		return fallback, nil
	}
	value, err := strconv.Atoi(given)
	if err != nil || value < least || value > most {
		return 0, invalidValue(name, given)
	}
	return value, nil
}

// order reads order_by: a field with + or - before it; without one the newest
// are first. A + that was not encoded arrives as a space. Only the first of
// several counts, as Clerk documents.
func (c *call) order() (field string, descending bool) {
	given := cmp.Or(c.query.Get("order_by"), "-created_at")
	field, descending = strings.CutPrefix(given, "-")
	return strings.TrimLeft(field, "+ "), descending
}
