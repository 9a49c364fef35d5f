package clerksim

import (
	"fmt"
	"net/http"
)

// Error is one error of the Backend API with its HTTP status. The simulator's
// Go calls return it too.
type Error struct {
	Status     int
	Code       string
	Message    string
	Long       string
	RetryAfter int // seconds, with 429
}

// Error returns code and message.
func (e *Error) Error() string { return "clerk simulator: " + e.Code + ": " + e.Message }

func (e *Error) body(traceID string) []byte {
	long := e.Long
	if long == "" {
		long = e.Message
	}
	return encode(object{"errors": []any{object{"message": e.Message, "long_message": long, "code": e.Code}}, "clerk_trace_id": traceID})
}

func notFound(kind, id string) *Error {
	return &Error{Status: http.StatusNotFound, Code: "resource_not_found", Message: "not found", Long: fmt.Sprintf("No %s was found with id %s", kind, id)}
}

func unprocessable(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Code: code, Message: fmt.Sprintf(format, args...)}
}

func badRequest(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// ErrorBody is what a fault answers when it was given a status and no body.
func ErrorBody(status int) []byte {
	failure := &Error{Code: "internal_clerk_error", Message: "Oops, an unexpected error occurred (fault of the simulator)"}
	if status == http.StatusTooManyRequests {
		failure = &Error{Code: "too_many_requests", Message: "Too many requests. Please try again in a bit (fault of the simulator)."}
	}
	return failure.body("fault")
}
