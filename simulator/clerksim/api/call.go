package api

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Call is one request that is being executed.
type Call struct {
	Query url.Values
	Body  map[string]any
	Items []any    // the elements of a body that is an array
	Path  []string // values of the {} segments

	version string // of the API
}

// newCall reads the version and the body of a request.
func newCall(request *wire.Request, path []string) (*Call, *Error) {
	call := &Call{Query: request.URL.Query(), Path: path, Body: map[string]any{}}
	var failure *Error
	if call.version, failure = version(request, call.Query); failure != nil {
		return nil, failure
	}
	return call, call.decode(request)
}

// decode reads the JSON body. An absent body and null, which Clerk's Go SDK
// sends with DELETE, count as an empty object.
func (c *Call) decode(request *wire.Request) *Error {
	if len(request.Body) == 0 {
		return nil
	}
	given := request.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(given); given != "" && (err != nil || media != "application/json") {
		return &Error{Status: http.StatusUnsupportedMediaType, Code: "unsupported_content_type",
			Message: "Content-Type is unsupported",
			Long:    fmt.Sprintf("Content-Type %s is unsupported. You should use application/json instead.", given)}
	}
	var decoded any
	if err := json.Unmarshal(request.Body, &decoded); err != nil {
		return invalidBody()
	}
	switch body := decoded.(type) {
	case nil:
	case map[string]any:
		c.Body = body
	case []any:
		c.Items = body
	default:
		return invalidBody()
	}
	return nil
}

func invalidBody() *Error {
	return BadRequest("request_body_invalid", "Request body invalid",
		"The request body is invalid. Please consult the API documentation for more information.")
}
