package httpapi_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// TestWhatStripeRefusedIsSaid: the answer and the log contain the code, the parameter, and a safe message.
func TestWhatStripeRefusedIsSaid(t *testing.T) {
	t.Parallel()
	log := &logged{}
	k := start(t, func(c *server.Config) { c.Log = slog.New(slog.NewJSONHandler(log, nil)) })
	ada := k.signUp("ada@example.com")
	fault := func(path, body string) {
		k.sim.AddFault(simulator.Fault{Side: "stripe", Method: "POST", Path: path, Times: 1, Status: 400, Body: body})
	}
	checkout := func() answer {
		return k.call("POST", "/v1/checkout", apiKey, `{"account":"`+ada.String()+`","lookup_key":"pro","success_url":"https://app.test/"}`)
	}
	portal := func(flow string) func() answer {
		return func() answer {
			return k.call("POST", "/v1/portal", apiKey, `{"account":"`+ada.String()+`","return_url":"https://app.test/"`+flow+`}`)
		}
	}
	for name, c := range map[string]struct {
		path, body string
		ask        func() answer
		status     int
		said       []string // by the answer and the log
		never      string
	}{
		"portal without configuration": {"/v1/billing_portal/sessions",
			`{"error":{"type":"invalid_request_error","message":"No configuration provided and your test mode default configuration has not been created."}}`,
			portal(""), 422, []string{"invalid_request_error", "No configuration provided"}, `"stripe."`},
		"a flow that is switched off": {"/v1/billing_portal/sessions",
			`{"error":{"type":"invalid_request_error","param":"flow_data[type]","message":"This feature is disabled in your portal configuration."}}`,
			portal(`,"flow":"payment_method"`), 409, []string{"flow_data[type]", "This feature is disabled"}, "\x00"},
		"mixed currencies": {"/v1/checkout/sessions",
			`{"error":{"type":"invalid_request_error","message":"You cannot combine currencies on a single customer."}}`,
			checkout, 422, []string{"invalid_request_error", "You cannot combine currencies"}, "\x00"},
		"inactive price": {"/v1/checkout/sessions",
			`{"error":{"type":"invalid_request_error","param":"line_items[0][price]","message":"The price specified is inactive."}}`,
			checkout, 422, []string{"line_items[0][price]", "The price specified is inactive."}, "\x00"},
		"an address": {"/v1/checkout/sessions",
			`{"error":{"type":"invalid_request_error","code":"email_invalid","param":"customer_email","message":"Invalid email address: bob@gmile"}}`,
			checkout, 422, []string{"email_invalid", "customer_email"}, "bob"},
	} {
		fault(c.path, c.body)
		a := c.ask()
		if a.status != c.status || !strings.Contains(a.body, "urn:lockstep:upstream-refused") ||
			strings.Contains(a.body, c.never) || log.count(c.never) > 0 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		for _, said := range c.said {
			if !strings.Contains(a.body, said) || log.count(said) == 0 {
				t.Errorf("%s: %q is missing in the answer or the log: %s", name, said, a.body)
			}
		}
	}
}
