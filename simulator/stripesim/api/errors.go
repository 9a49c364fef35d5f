package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// Error is a Stripe error object with its HTTP status. The simulator's Go calls
// return it too.
type Error struct {
	Status        int
	Type          string // api_error, card_error, idempotency_error, invalid_request_error
	Code          string
	Message       string
	Param         string
	DeclineCode   string
	Charge        string
	PaymentIntent string // its object is in the answer
	SetupIntent   string // its object is in the answer
	PaymentMethod string // its object is in the answer

	// Unstored marks a request that was refused before it ran. Its idempotency key
	// does not store the answer.
	Unstored bool
}

// Error returns the message and, if there is one, the code.
func (e *Error) Error() string {
	if e.Code == "" {
		return "stripe simulator: " + e.Message
	}
	return "stripe simulator: " + e.Code + ": " + e.Message
}

// Fields returns the error object without the objects it is about.
func (e *Error) Fields() Object {
	fields := Object{"type": e.Type, "message": e.Message}
	for name, value := range map[string]string{"code": e.Code, "param": e.Param, "decline_code": e.DeclineCode,
		"charge": e.Charge} {
		if value != "" {
			fields[name] = value
		}
	}
	if e.Code != "" {
		fields["doc_url"] = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(e.Code, "_", "-")
	}
	return fields
}

// Body returns the whole answer. about holds the objects the error is about.
func (e *Error) Body(requestID string, about Object) []byte {
	fields := e.Fields()
	maps.Copy(fields, about)
	fields["request_log_url"] = "https://dashboard.stripe.com/test/logs/" + requestID
	encoded, err := json.MarshalIndent(Object{"error": fields}, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("stripesim: an error object does not marshal: %v", err))
	}
	return encoded
}

// Invalid returns a 400 invalid_request_error about a parameter.
func Invalid(param, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: "invalid_request_error", Param: param,
		Message: fmt.Sprintf(format, args...)}
}

// InvalidCode is Invalid with an error code.
func InvalidCode(code, param, format string, args ...any) *Error {
	e := Invalid(param, format, args...)
	e.Code = code
	return e
}

// Malformed returns a parameter error that is found before the request runs.
func Malformed(code, param, format string, args ...any) *Error {
	e := InvalidCode(code, param, format, args...)
	e.Unstored = true
	return e
}

// MissingParam returns the error for a required parameter that was not sent.
func MissingParam(param string) *Error {
	return Malformed("parameter_missing", param, "Missing required param: %s.", param)
}

// UnknownParams returns the error for parameters that the operation does not
// take, by their full names.
func UnknownParams(names []string) *Error {
	plural := ""
	if len(names) > 1 {
		plural = "s"
	}
	return Malformed("parameter_unknown", names[0], "Received unknown parameter%s: %s", plural, strings.Join(names, ", "))
}

// NoSuch returns the error for an object that does not exist: 404 for the
// object in the path, 400 for one that a parameter names.
func NoSuch(kind, id, param string) *Error {
	e := InvalidCode("resource_missing", param, "No such %s: '%s'", kind, id)
	if param == "id" {
		e.Status = http.StatusNotFound
	}
	return e
}

// Unauthorized returns a 401 error.
func Unauthorized(format string, args ...any) *Error {
	return &Error{Status: http.StatusUnauthorized, Type: "invalid_request_error", Message: fmt.Sprintf(format, args...),
		Unstored: true}
}

// ShouldRetry returns the value of Stripe-Should-Retry, a header that Stripe
// sends with most errors and does not document. It is false where a retry would
// be refused again, true where a lock or another request was in the way, and
// empty for a rate limit.
func (e *Error) ShouldRetry() string {
	switch {
	case e.Code == "lock_timeout", e.Status == http.StatusConflict:
		return "true"
	case e.Status == http.StatusTooManyRequests, e.Status >= http.StatusInternalServerError:
		return ""
	}
	return "false"
}
