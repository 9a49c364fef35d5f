package delivery

import (
	"slices"
	"strings"
	"time"
)

// Orders are orders in which real listeners received the events of one request or
// one automatic step. They are not causal, and they vary. Each comes from a
// published log of `stripe listen`:
//
//	checkout-new-customer       a subscription bought by a new customer, 2025-09
//	checkout-existing-customer  a subscription bought by a known customer, 2025-10
//	subscription-api            a subscription created by the API, 2026-03
//	checkout-payment            a one-time payment
//	renewal-failed              a renewal with a declined card, on a test clock
//	refund                      a refund, 2025-05
var Orders = map[string][]string{
	"checkout-new-customer": strings.Fields("charge.succeeded payment_method.attached customer.created customer.updated checkout.session.completed" +
		" customer.subscription.created payment_intent.created payment_intent.succeeded invoice.created invoice.finalized invoice.paid" +
		" invoice.payment_succeeded invoice_payment.paid"),
	"checkout-existing-customer": strings.Fields("charge.succeeded payment_method.attached checkout.session.completed customer.updated" +
		" customer.subscription.created payment_intent.succeeded payment_intent.created invoice.created invoice.finalized invoice.paid" +
		" invoice.payment_succeeded invoice_payment.paid"),
	"subscription-api": strings.Fields("payment_method.attached customer.created product.created plan.created price.created charge.succeeded" +
		" customer.updated customer.subscription.created payment_intent.succeeded payment_intent.created invoice.created invoice.finalized" +
		" invoice.paid invoice.payment_succeeded customer.subscription.deleted invoice_payment.paid"),
	"checkout-payment": strings.Fields("charge.succeeded payment_intent.succeeded payment_intent.created checkout.session.completed charge.updated"),
	"renewal-failed": strings.Fields("invoice.created invoice.finalized payment_intent.created charge.failed payment_intent.payment_failed" +
		" invoice.payment_failed invoice.updated customer.subscription.updated"),
	"refund": strings.Fields("refund.created charge.refunded refund.updated charge.refund.updated"),
}

// step is the time between two places of a recorded order.
const step = time.Millisecond

// burst is the messages that one request or one automatic step posts.
type burst struct {
	id      uint64
	started time.Time
	place   int // of the latest type that the order names
}

// placed returns when a message of a type is due in the recorded order. A type that
// the order does not name is due with the message posted before it.
func (o *Outbox) placed(kind string, now time.Time) time.Time {
	order := Orders[o.policy.Order]
	if order == nil {
		return now
	}
	if id := o.World.Burst(); id != o.burst.id || o.burst.started.IsZero() {
		o.burst = burst{id: id, started: now}
	}
	if place := slices.Index(order, kind); place >= 0 {
		o.burst.place = place
	}
	return o.burst.started.Add(time.Duration(o.burst.place) * step)
}
