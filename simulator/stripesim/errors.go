package stripesim

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
	unstored bool
}

// Error returns the message and, where there is one, the code.
func (e *Error) Error() string {
	if e.Code == "" {
		return "stripe simulator: " + e.Message
	}
	return "stripe simulator: " + e.Code + ": " + e.Message
}

// fields is the error object, without the objects that it is about.
func (e *Error) fields() object {
	fields := object{"type": e.Type, "message": e.Message}
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

// body is the whole answer. about are the objects that the error is about.
func (e *Error) body(requestID string, about object) []byte {
	fields := e.fields()
	maps.Copy(fields, about)
	fields["request_log_url"] = "https://dashboard.stripe.com/test/logs/" + requestID
	encoded, err := json.MarshalIndent(object{"error": fields}, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("stripesim: an error object does not marshal: %v", err))
	}
	return encoded
}

// about returns the objects an error is about, as they are now. Only an error
// of an executed request has any, so it is called under the world's lock.
func (s *Stripe) about(e *Error) object {
	objects := object{}
	if intent := s.state.PaymentIntents.Get(e.PaymentIntent); intent != nil {
		objects["payment_intent"] = s.showPaymentIntent(intent)
	}
	if intent := s.state.SetupIntents.Get(e.SetupIntent); intent != nil {
		objects["setup_intent"] = s.showSetupIntent(intent)
	}
	if method := s.state.PaymentMethods.Get(e.PaymentMethod); method != nil {
		objects["payment_method"] = s.showPaymentMethod(method)
	}
	return objects
}

func invalid(param, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: "invalid_request_error", Param: param,
		Message: fmt.Sprintf(format, args...)}
}

func invalidCode(code, param, format string, args ...any) *Error {
	e := invalid(param, format, args...)
	e.Code = code
	return e
}

// malformed is a parameter error found before execution begins.
func malformed(code, param, format string, args ...any) *Error {
	e := invalidCode(code, param, format, args...)
	e.unstored = true
	return e
}

func missingParam(param string) *Error {
	return malformed("parameter_missing", param, "Missing required param: %s.", param)
}

// unknownParams refuses parameters by their full names.
func unknownParams(names []string) *Error {
	plural := ""
	if len(names) > 1 {
		plural = "s"
	}
	return malformed("parameter_unknown", names[0], "Received unknown parameter%s: %s", plural, strings.Join(names, ", "))
}

// noSuch is how Stripe names what it does not find: 404 for the object in the
// path, 400 for one that a parameter names.
func noSuch(kind, id, param string) *Error {
	e := invalidCode("resource_missing", param, "No such %s: '%s'", kind, id)
	if param == "id" {
		e.Status = http.StatusNotFound
	}
	return e
}

func unauthorized(format string, args ...any) *Error {
	return &Error{Status: http.StatusUnauthorized, Type: "invalid_request_error", Message: fmt.Sprintf(format, args...),
		unstored: true}
}
