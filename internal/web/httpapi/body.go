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
	// mostBody is how much of a request's body is read, in bytes. The framework refuses what is
	// larger (413).
	mostBody = 1 << 20
	// bodyWithin is how long a body may take to arrive.
	bodyWithin = 5 * time.Second
)

// strictBodies refuses a JSON body that could be read in two ways: one that names a field
// twice, or a field that the operation does not have. encoding/json matches names without
// regard to case and takes the last one, while the framework validates only one of them: with
// {"quantity":1,"QUANTITY":1000000000} it would validate the 1 and buy a billion.
//
// It also refuses control characters and broken UTF-8 anywhere in a request. No id, name,
// address or URL holds any, and the databases would not treat them alike.
func strictBodies(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if where := unclean(ctx); where != "" {
			_ = huma.WriteErr(api, ctx, http.StatusUnprocessableEntity, "validation failed", // the caller may have left
				&huma.ErrorDetail{Location: where, Message: unprintable})
			return
		}
		description := ctx.Operation().RequestBody
		if description == nil {
			next(ctx)
			return
		}
		request, _ := humago.Unwrap(ctx)
		// Without it, which some embedding servers lack, the server's own deadline holds.
		_ = ctx.SetReadDeadline(time.Now().Add(bodyWithin))
		body, err := io.ReadAll(io.LimitReader(request.Body, mostBody))
		if err != nil || len(body) == mostBody {
			// The framework meets the same error, or the same size, and answers it.
			request.Body = rest{io.MultiReader(bytes.NewReader(body), request.Body), request.Body}
			next(ctx)
			return
		}
		request.Body = rest{bytes.NewReader(body), request.Body}
		// The body is there. A deadline that passed while the request is served would end it, and
		// every later request of the connection with it.
		_ = ctx.SetReadDeadline(time.Time{})
		ctx = undated{ctx}
		var schema *huma.Schema
		if media := description.Content["application/json"]; media != nil {
			schema = media.Schema
		}
		if problem := ambiguity(body, schema, api.OpenAPI().Components.Schemas); problem != nil {
			_ = huma.WriteErr(api, ctx, http.StatusUnprocessableEntity, "validation failed", problem) // the caller may have left
			return
		}
		next(ctx)
	}
}

// undated is a request whose body has been read, so that the framework sets no deadline for
// reading it.
type undated struct{ framework }

// framework is embedded under a name that does not hide the method Context.
type framework = huma.Context

// SetReadDeadline does nothing.
func (undated) SetReadDeadline(time.Time) error { return nil }

// Unwrap returns the request's own context.
func (u undated) Unwrap() huma.Context { return u.framework }

const unprintable = "it holds a control character or is not UTF-8; remove it"

// unclean names the part of a request, other than its body, that holds a control character.
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

// controlIn finds a text with a control character.
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

// rest is a body after a part of it was read.
type rest struct {
	io.Reader
	io.Closer
}

// ambiguity returns the first ambiguous field of a body, or nil. It leaves invalid JSON to the
// framework.
func ambiguity(body []byte, schema *huma.Schema, registry huma.Registry) error {
	if !json.Valid(body) { // which bounds the depth too
		return nil
	}
	if at, twice := repeated(json.NewDecoder(bytes.NewReader(body)), "body"); twice {
		return &huma.ErrorDetail{Location: at, Message: "named twice (upper and lower case are the same name); name it once"}
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

// repeated finds the first name that an object has twice, as encoding/json compares names. The
// document is valid.
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

// folded is the same for all names that differ only in case, also where Unicode has more than
// two forms: "K", "k" and the sign for kelvin are one.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, name)
}

// unknownField finds a field that the schema does not have under just this name.
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
