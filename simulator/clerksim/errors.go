package clerksim

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
	Long       string
	Param      string         // the parameter at fault, shown as meta.param_name
	Meta       map[string]any // further members of meta
	RetryAfter int            // seconds, with 429
}

// Error returns code and message.
func (e *Error) Error() string { return "clerk simulator: " + e.Code + ": " + e.long() }

func (e *Error) long() string {
	if e.Long == "" {
		return e.Message
	}
	return e.Long
}

func (e *Error) body(traceID string) []byte {
	shown := object{"message": e.Message, "long_message": e.long(), "code": e.Code}
	meta := object{}
	for name, value := range e.Meta {
		meta[name] = value
	}
	if e.Param != "" {
		meta["param_name"] = e.Param
	}
	if len(meta) > 0 {
		shown["meta"] = meta
	}
	return encode(object{"errors": []any{shown}, "clerk_trace_id": traceID})
}

func missing(format string, args ...any) *Error {
	return &Error{Status: http.StatusNotFound, Code: "resource_not_found", Message: "not found",
		Long: fmt.Sprintf(format, args...)}
}

func noUser(id string) *Error { return missing("No user was found with id %s", id) }

func noOrganization() *Error { return missing("Given organization not found.") }

func noRole(param string) *Error {
	failure := missing("Organization role not found")
	failure.Param = param
	return failure
}

func noSession(id string) *Error {
	failure := missing("No session was found with id %s", id)
	failure.Message = "Session not found"
	return failure
}

func unprocessable(param, code, message, long string, args ...any) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Param: param, Code: code, Message: message,
		Long: fmt.Sprintf(long, args...)}
}

func taken(param, what string) *Error {
	text := "That " + what + " is taken. Please try another."
	return unprocessable(param, "form_identifier_exists", text, "%s", text)
}

func badRequest(code, message, long string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: message, Long: fmt.Sprintf(long, args...)}
}

func forbidden(code, message, long string, args ...any) *Error {
	return &Error{Status: http.StatusForbidden, Code: code, Message: message, Long: fmt.Sprintf(long, args...)}
}

// ErrorBody is what a fault answers when it was given a status and no body; code
// is what the fault says, or "".
func ErrorBody(status int, code string) []byte {
	failure := &Error{Code: "internal_clerk_error", Message: "Oops, an unexpected error occurred (fault of the simulator)"}
	if status == http.StatusTooManyRequests {
		failure = &Error{Code: "too_many_requests", Message: "Too many requests. Please try again in a bit (fault of the simulator)."}
	}
	failure.Code = cmp.Or(code, failure.Code)
	return failure.body("fault")
}
