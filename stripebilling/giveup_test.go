package stripebilling

import (
	"errors"
	"slices"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestGiveUp(t *testing.T) {
	subscription := func(status string) string {
		return `{"id":"sub_1","status":"` + status + `","latest_invoice":{"id":"in_1","status":"open"},"items":{"data":[]}}`
	}
	invoice := func(status, payments string) []string {
		return []string{`{"id":"in_1","status":"` + status + `","payments":{"object":"list","has_more":false,"data":[` +
			payments + `]}}`}
	}
	payment := func(status, intent string) string {
		return `{"status":"` + status + `","payment":{"payment_intent":{"id":"pi_1","status":"` + intent + `"}}}`
	}
	voided, canceled := []string{`{"id":"in_1","status":"void"}`}, []string{subscription("canceled")}
	for name, c := range map[string]struct {
		seen  []string // the states of the subscription, one look after the other
		bills []string // the invoice
		void  []string // nil: refused
		steps []string // that changed something
		want  string
		busy  bool
	}{
		"tried and failed": {[]string{"incomplete", "incomplete", "canceled"}, invoice("open",
			payment("open", "requires_payment_method")), voided, []string{"POST void", "DELETE"}, "canceled", false},
		"nobody tried": {[]string{"incomplete", "incomplete", "canceled"}, invoice("open", ""), voided,
			[]string{"POST void", "DELETE"}, "canceled", false},
		"ends with its invoice": {[]string{"incomplete", "incomplete_expired"},
			invoice("open", payment("open", "requires_action")), voided, []string{"POST void"}, "incomplete_expired", false},
		"an earlier try was canceled": {[]string{"incomplete", "incomplete", "canceled"},
			invoice("open", payment("canceled", "succeeded")), voided, []string{"POST void", "DELETE"}, "canceled", false},
		"is being processed": {[]string{"incomplete"}, invoice("open", payment("open", "processing")), voided, nil,
			"incomplete", true},
		"of a state that is new to us": {[]string{"incomplete"}, invoice("open", payment("open", "thinking")), voided, nil,
			"incomplete", true},
		"was not expanded": {[]string{"incomplete"},
			invoice("open", `{"status":"open","payment":{"payment_intent":"pi_1"}}`), voided, nil, "incomplete", true},
		"paid before": {[]string{"active"}, invoice("paid", ""), voided, nil, "active", false},
		"paid between": {[]string{"incomplete", "active"},
			invoice("open", payment("open", "requires_payment_method")), nil, nil, "active", false},
		"voided by somebody else": {[]string{"incomplete", "incomplete", "canceled"}, invoice("void", ""), nil,
			[]string{"DELETE"}, "canceled", false},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string][]string{"GET /v1/invoices/in_1": c.bills, "DELETE /v1/subscriptions/sub_1": canceled}
			for _, status := range c.seen {
				answers["GET /v1/subscriptions/sub_1"] = append(answers["GET /v1/subscriptions/sub_1"], subscription(status))
			}
			if c.void != nil {
				answers["POST /v1/invoices/in_1/void"] = c.void
			}
			stripe := &stripeOf{answers: answers}
			client, _ := serve(t, stripe.ServeHTTP)
			got, err := client.GiveUp(t.Context(), "sub_1")
			if got.Status != c.want || errors.Is(err, lockstep.ErrBusy) != c.busy || err != nil && !c.busy {
				t.Errorf("it is %q, %v; want %q, busy %v", got.Status, err, c.want, c.busy)
			}
			var steps []string
			for _, line := range stripe.lines() {
				switch line {
				case "POST /v1/invoices/in_1/void":
					if c.void != nil {
						steps = append(steps, "POST void")
					}
				case "DELETE /v1/subscriptions/sub_1":
					steps = append(steps, "DELETE")
				}
			}
			if !slices.Equal(steps, c.steps) {
				t.Errorf("steps %v, want %v", steps, c.steps)
			}
		})
	}
}
