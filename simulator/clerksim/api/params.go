package api

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sent reports whether the body has the parameter, null or not.
func (c *Call) Sent(name string) bool { _, sent := c.Body[name]; return sent }

// Text returns a string; "" when it is absent or null.
func (c *Call) Text(name string) string { value, _ := c.Body[name].(string); return value }

// Flag returns a boolean; false when it is absent or null.
func (c *Call) Flag(name string) bool { value, _ := c.Body[name].(bool); return value }

// Number returns an integer; nil when it is absent or null.
func (c *Call) Number(name string) *int {
	value, ok := c.Body[name].(float64)
	if !ok {
		return nil
	}
	whole := int(value)
	return &whole
}

// Texts returns an array of strings; empty when it is absent or null.
func (c *Call) Texts(name string) []string {
	list, _ := c.Body[name].([]any)
	all := make([]string, 0, len(list))
	for _, element := range list {
		value, _ := element.(string)
		all = append(all, value)
	}
	return all
}

// Needs refuses a request that lacks one of the body parameters.
func (c *Call) Needs(names ...string) *Error {
	for _, name := range names {
		if value := c.Body[name]; value == nil || value == "" {
			return MissingParameter(name)
		}
	}
	return nil
}

// Moment returns a time given in RFC 3339, in whole milliseconds; the zero time
// when it is absent. It refuses a time after latest.
func (c *Call) Moment(name string, latest time.Time) (time.Time, *Error) {
	given := c.Text(name)
	if given == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, given)
	if err != nil {
		return time.Time{}, Unprocessable(name, "form_param_invalid_time", "invalid format",
			"%s must contain a datetime specified in RFC3339 format (e.g. `2022-10-20T10:00:27.645Z`).", name)
	}
	if at.After(latest) {
		return time.Time{}, Unprocessable(name, "form_disallow_future_date", "Date values must not be in the future.",
			"Date values must not be in the future.")
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// maxListed is how many values a list filter may have.
const maxListed = 100

// List returns the values of a query parameter that may be repeated, with or
// without brackets after its name.
func (c *Call) List(name string) ([]string, *Error) {
	values := slices.Concat(c.Query[name], c.Query[name+"[]"])
	if len(values) > maxListed {
		return nil, Unprocessable(name, "form_param_array_size_exceeded", "exceeds maximum size",
			"%s should not exceed %d items.", name, maxListed)
	}
	return values, nil
}

// QueryFlag returns a boolean of the query; nil when it is absent.
func (c *Call) QueryFlag(name string) (*bool, *Error) {
	given := c.Query.Get(name)
	if given == "" {
		return nil, nil
	}
	value, err := strconv.ParseBool(given)
	if err != nil {
		return nil, InvalidValue(name, given)
	}
	return &value, nil
}

// Millis returns a time of the query in Unix milliseconds; fallback when it is
// absent.
func (c *Call) Millis(name string, fallback int64) (int64, *Error) {
	given := c.Query.Get(name)
	if given == "" {
		return fallback, nil
	}
	value, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		return 0, Unprocessable(name, "form_param_invalid_date",
			"Date values must be given in Unix millisecond timestamp format.",
			"Date values must be given in Unix millisecond timestamp format.")
	}
	return value, nil
}

// Clerk's page sizes.
const (
	defaultLimit = 10
	maxLimit     = 500
)

// Bounds returns limit and offset.
func (c *Call) Bounds() (limit, offset int, failure *Error) {
	if limit, failure = c.bound("limit", defaultLimit, 1, maxLimit); failure != nil {
		return 0, 0, failure
	}
	offset, failure = c.bound("offset", 0, 0, 1<<40)
	return limit, offset, failure
}

func (c *Call) bound(name string, fallback, least, most int) (int, *Error) {
	given := c.Query.Get(name)
	if given == "" {
		return fallback, nil
	}
	value, err := strconv.Atoi(given)
	if err != nil || value < least || value > most {
		return 0, InvalidValue(name, given)
	}
	return value, nil
}

// Order returns the field of order_by and its direction, a + or - before the
// field. The default is newest first. A + that the client did not encode arrives
// as a space. Only the first of several values counts, as Clerk documents.
func (c *Call) Order() (field string, descending bool) {
	given := cmp.Or(c.Query.Get("order_by"), "-created_at")
	field, descending = strings.CutPrefix(given, "-")
	return strings.TrimLeft(field, "+ "), descending
}
