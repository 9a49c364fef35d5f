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
	SetupIntent   string // likewise
	PaymentMethod string // likewise

	// unstored marks what is refused before execution begins: an idempotency
	// key does not keep it.
	Unstored bool
}

// Error returns the message and, where there is one, the code.
func (e *Error) Error() string {
	if e.Code == "" {
		return "stripe simulator: " + e.Message
	}
	return "stripe simulator: " + e.Code + ": " + e.Message
}

// Fields is the error object, without the objects that it is about.
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

// Body is the whole answer. about are the objects that the error is about.
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

func Invalid(param, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: "invalid_request_error", Param: param,
		Message: fmt.Sprintf(format, args...)}
}

func InvalidCode(code, param, format string, args ...any) *Error {
	e := Invalid(param, format, args...)
	e.Code = code
	return e
}

// Malformed is a parameter error found before execution begins.
func Malformed(code, param, format string, args ...any) *Error {
	e := InvalidCode(code, param, format, args...)
	e.Unstored = true
	return e
}

func MissingParam(param string) *Error {
	return Malformed("parameter_missing", param, "Missing required param: %s.", param)
}

// UnknownParams refuses parameters by their full names.
func UnknownParams(names []string) *Error {
	plural := ""
	if len(names) > 1 {
		plural = "s"
	}
	return Malformed("parameter_unknown", names[0], "Received unknown parameter%s: %s", plural, strings.Join(names, ", "))
}

// NoSuch is how Stripe names what it does not find: 404 for the object in the
// path, 400 for one that a parameter names.
func NoSuch(kind, id, param string) *Error {
	e := InvalidCode("resource_missing", param, "No such %s: '%s'", kind, id)
	if param == "id" {
		e.Status = http.StatusNotFound
	}
	return e
}

func Unauthorized(format string, args ...any) *Error {
	return &Error{Status: http.StatusUnauthorized, Type: "invalid_request_error", Message: fmt.Sprintf(format, args...),
		Unstored: true}
}

// ShouldRetry is Stripe-Should-Retry, which Stripe sends with most errors and
// does not document: a client that repeats what was refused gets it refused
// again, one that met a lock or its own other request does not. A rate limit
// comes without.
func (e *Error) ShouldRetry() string {
	switch {
	case e.Code == "lock_timeout", e.Status == http.StatusConflict:
		return "true"
	case e.Status == http.StatusTooManyRequests, e.Status >= http.StatusInternalServerError:
		return ""
	}
	return "false"
}
