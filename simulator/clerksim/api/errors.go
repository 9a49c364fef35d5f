package api

import (
	"cmp"
	"fmt"
	"net/http"
)

// Error is one error of the Backend API with its HTTP status. The simulator's
// Go calls return it too. Codes and texts are those of Clerk's index of Backend
// API errors (clerk.com/docs/guides/development/errors/backend-api).
type Error struct {
	Status     int
	Code       string
	Message    string
	Long       string         // long_message; "" repeats Message
	Param      string         // the parameter at fault, shown as meta.param_name
	Meta       map[string]any // further members of meta
	RetryAfter int            // seconds, with 429
}

// Error returns code and message.
func (e *Error) Error() string { return "clerk simulator: " + e.Code + ": " + e.LongMessage() }

// LongMessage returns the message that a person should read.
func (e *Error) LongMessage() string {
	if e.Long == "" {
		return e.Message
	}
	return e.Long
}

func (e *Error) body(traceID string) []byte {
	shown := map[string]any{"message": e.Message, "long_message": e.LongMessage(), "code": e.Code}
	meta := map[string]any{}
	for name, value := range e.Meta {
		meta[name] = value
	}
	if e.Param != "" {
		meta["param_name"] = e.Param
	}
	if len(meta) > 0 {
		shown["meta"] = meta
	}
	return Encode(map[string]any{"errors": []any{shown}, "clerk_trace_id": traceID})
}

// NotFound returns a 404.
func NotFound(format string, args ...any) *Error {
	return &Error{Status: http.StatusNotFound, Code: "resource_not_found", Message: "not found",
		Long: fmt.Sprintf(format, args...)}
}

// Unprocessable returns a 422 about a parameter.
func Unprocessable(param, code, message, long string, args ...any) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Param: param, Code: code, Message: message,
		Long: fmt.Sprintf(long, args...)}
}

// MissingParameter returns the 422 about a parameter that is required.
func MissingParameter(name string) *Error {
	return Unprocessable(name, "form_param_missing", "is missing", "%s must be included.", name)
}

// InvalidValue returns the 422 about a value that is not one of those allowed.
func InvalidValue(name, value string) *Error {
	return Unprocessable(name, "form_param_value_invalid", "is invalid",
		"%s does not match one of the allowed values for parameter %s", value, name)
}

// Taken returns the 422 about an identifier that another object already has.
func Taken(param, what string) *Error {
	text := "That " + what + " is taken. Please try another."
	return Unprocessable(param, "form_identifier_exists", text, "%s", text)
}

// BadRequest returns a 400.
func BadRequest(code, message, long string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: message, Long: fmt.Sprintf(long, args...)}
}

// Forbidden returns a 403.
func Forbidden(code, message, long string, args ...any) *Error {
	return &Error{Status: http.StatusForbidden, Code: code, Message: message, Long: fmt.Sprintf(long, args...)}
}

// FaultBody is the body of a scripted fault that has a status and no body of
// its own. code is the fault's, or "" for the one that fits the status.
func FaultBody(status int, code string) []byte {
	failure := &Error{Code: "internal_clerk_error", Message: "Oops, an unexpected error occurred (fault of the simulator)"}
	if status == http.StatusTooManyRequests {
		failure = &Error{Code: "too_many_requests", Message: "Too many requests. Please try again in a bit (fault of the simulator)."}
	}
	failure.Code = cmp.Or(code, failure.Code)
	return failure.body("fault")
}
