package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	// mostBody is the largest body in bytes. The framework answers 413 to a larger one.
	mostBody = 1 << 20
	// bodyWithin bounds the time in which a body must arrive.
	bodyWithin = 5 * time.Second
)

// strictBodies rejects an ambiguous JSON body: one that names a field twice, or a field that the
// operation does not have. encoding/json ignores the case of names and takes the last value, while
// the framework validates only one of them: {"quantity":1,"QUANTITY":1000000000} would pass with
// the 1 and buy a billion.
//
// It also rejects control characters and invalid UTF-8 anywhere in a request. No id, name, address
// or URL needs them, and the two databases treat them differently.
func strictBodies(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if where := unclean(ctx); where != "" {
			invalid(api, ctx, &huma.ErrorDetail{Location: where, Message: unprintable})
			return
		}
		description := ctx.Operation().RequestBody
		if description == nil {
			next(ctx)
			return
		}
		body, whole := readBody(ctx)
		if !whole {
			next(ctx) // the framework meets the same error or size, and answers it
			return
		}
		ctx = undated{ctx}
		var schema *huma.Schema
		if media := description.Content["application/json"]; media != nil {
			schema = media.Schema
		}
		if problem := ambiguity(body, schema, api.OpenAPI().Components.Schemas); problem != nil {
			invalid(api, ctx, problem)
			return
		}
		next(ctx)
	}
}

// invalid answers 422 with the field that is wrong. The caller may have left, so it ignores errors.
func invalid(api huma.API, ctx huma.Context, problem error) {
	_ = huma.WriteErr(api, ctx, http.StatusUnprocessableEntity, "validation failed", problem)
}

// readBody reads a request's body and replaces it, so that the framework reads it again. It
// reports whether it read the whole body.
func readBody(ctx huma.Context) (body []byte, whole bool) {
	request, _ := humago.Unwrap(ctx)
	// Some embedding servers do not support deadlines; then the server's own applies.
	_ = ctx.SetReadDeadline(time.Now().Add(bodyWithin))
	body, err := io.ReadAll(io.LimitReader(request.Body, mostBody))
	if err != nil || len(body) == mostBody {
		request.Body = rest{io.MultiReader(bytes.NewReader(body), request.Body), request.Body}
		return nil, false
	}
	request.Body = rest{bytes.NewReader(body), request.Body}
	// Remove the deadline. If it passed while the request is served, it would end the request and
	// every later one of the connection.
	_ = ctx.SetReadDeadline(time.Time{})
	return body, true
}

// undated is a request whose body has been read. It keeps the framework from setting a read
// deadline.
type undated struct{ framework }

// framework is an alias, because a field named Context would hide the method of that name.
type framework = huma.Context

// SetReadDeadline does nothing.
func (undated) SetReadDeadline(time.Time) error { return nil }

// Unwrap returns the request's own context.
func (u undated) Unwrap() huma.Context { return u.framework }

const unprintable = "contains a control character or invalid UTF-8; remove it"

// unclean names the part of a request, other than its body, that contains a control character;
// empty if none does.
func unclean(ctx huma.Context) string {
	u := ctx.URL()
	switch {
	case !printable(u.Path):
		return "path"
	case !printable(ctx.Header("Idempotency-Key")):
		return "header.Idempotency-Key"
	}
	for name, values := range u.Query() {
		for _, text := range append(values, name) {
			if !printable(text) {
				return "query"
			}
		}
	}
	return ""
}

// controlIn finds a string with a control character in decoded JSON.
func controlIn(value any, at string) (string, bool) {
	switch value := value.(type) {
	case string:
		return at, !printable(value)
	case map[string]any:
		for name, field := range value {
			if where, has := controlIn(field, at+"."+name); has {
				return where, true
			}
		}
	case []any:
		for i, element := range value {
			if where, has := controlIn(element, at+"["+strconv.Itoa(i)+"]"); has {
				return where, true
			}
		}
	}
	return "", false
}

// printable reports whether text is UTF-8 without control characters.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// rest is a body with another reader.
type rest struct {
	io.Reader
	io.Closer
}

// ambiguity returns the first ambiguous field of a body, or nil. The framework answers invalid
// JSON.
func ambiguity(body []byte, schema *huma.Schema, registry huma.Registry) error {
	if !json.Valid(body) { // Valid also bounds the depth
		return nil
	}
	if at, twice := repeated(json.NewDecoder(bytes.NewReader(body)), "body"); twice {
		return &huma.ErrorDetail{Location: at, Message: "named twice (case does not matter); name it once"}
	}
	var value any
	if json.Unmarshal(body, &value) == nil {
		if at, has := controlIn(value, "body"); has {
			return &huma.ErrorDetail{Location: at, Message: unprintable}
		}
		if at, unknown := unknownField(registry, schema, value, "body"); unknown {
			return &huma.ErrorDetail{Location: at, Message: "unexpected property; see GET /openapi.json for the fields, in lower case"}
		}
	}
	return nil
}

// repeated finds the first name that an object has twice, compared as encoding/json does. The
// document must be valid.
func repeated(tokens *json.Decoder, at string) (string, bool) {
	token, err := tokens.Token()
	if err != nil {
		return "", false
	}
	switch token {
	case json.Delim('{'):
		seen := map[string]bool{}
		for tokens.More() {
			token, err := tokens.Token()
			if err != nil {
				return "", false
			}
			name, _ := token.(string)
			if seen[folded(name)] {
				return at + "." + name, true
			}
			seen[folded(name)] = true
			if where, twice := repeated(tokens, at+"."+name); twice {
				return where, true
			}
		}
	case json.Delim('['):
		for i := 0; tokens.More(); i++ {
			if where, twice := repeated(tokens, at+"["+strconv.Itoa(i)+"]"); twice {
				return where, true
			}
		}
	default:
		return "", false
	}
	_, _ = tokens.Token() // the closing bracket of a valid document
	return "", false
}

// folded returns the same string for names that differ only in case. Unicode has more than two
// forms of some letters: "K", "k" and the kelvin sign.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, name)
}

// unknownField finds a field whose exact name the schema does not have.
func unknownField(registry huma.Registry, schema *huma.Schema, value any, at string) (string, bool) {
	for schema != nil && schema.Ref != "" {
		schema = registry.SchemaFromRef(schema.Ref)
	}
	if schema == nil {
		return "", false
	}
	switch value := value.(type) {
	case map[string]any:
		if open, is := schema.AdditionalProperties.(bool); !is || open {
			return "", false
		}
		for name, field := range value {
			property, known := schema.Properties[name]
			if !known {
				return at + "." + name, true
			}
			if where, unknown := unknownField(registry, property, field, at+"."+name); unknown {
				return where, true
			}
		}
	case []any:
		for i, element := range value {
			if where, unknown := unknownField(registry, schema.Items, element, at+"["+strconv.Itoa(i)+"]"); unknown {
				return where, true
			}
		}
	}
	return "", false
}
