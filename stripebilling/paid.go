package stripebilling

import (
	"cmp"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// PaidTypes are the types of events whose bodies [PaidIn] reads.
var PaidTypes = []string{"checkout.session.async_payment_succeeded", "checkout.session.completed", "invoice.paid",
	"payment_intent.succeeded"}

// PaidIn returns what the body of an event says was paid; false if it says nothing, or that nothing was.
func PaidIn(body []byte) (lockstep.Paid, bool) {
	event := upstream.Decode(body)
	o := event.Object("data").Object("object")
	p := lockstep.Paid{ID: o.Text("id"), Currency: o.Text("currency")}
	switch event.Text("type") {
	case "checkout.session.completed", "checkout.session.async_payment_succeeded":
		if o.Text("payment_status") == "paid" {
			p.Amount = o.Number("amount_total")
		}
		p.ID = cmp.Or(reference(o, "invoice"), reference(o, "payment_intent"), p.ID)
	case "invoice.paid":
		p.Amount = o.Number("amount_paid")
	case "payment_intent.succeeded":
		p.Amount, p.Alone = o.Number("amount_received"), true
	}
	return p, p.ID != "" && p.Currency != "" && p.Amount > 0
}
