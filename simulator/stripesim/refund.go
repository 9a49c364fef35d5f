package stripesim

import (
	"net/http"
	"strings"
	"time"
)

// Refund gives money of a charge back.
type Refund struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Amount        int64             `json:"amount"`
	Currency      string            `json:"currency"`
	Charge        string            `json:"charge"`
	PaymentIntent string            `json:"payment_intent"`
	Reason        string            `json:"reason"`
	Metadata      map[string]string `json:"metadata"`
}

// Key is the id.
func (r *Refund) Key() string { return r.ID }

var refundRoutes = []route{
	op(http.MethodPost, "/v1/refunds", "charge payment_intent amount reason metadata", (*Stripe).createRefund),
	op(http.MethodGet, "/v1/refunds", "charge payment_intent created"+paging, (*Stripe).listRefunds),
	op(http.MethodGet, "/v1/refunds/{}", "", (*Stripe).retrieveRefund),
}

func (s *Stripe) createRefund(c *call) (object, error) {
	of, param := c.text("charge"), "charge"
	if of == "" {
		of, param = c.text("payment_intent"), "payment_intent"
	}
	if of == "" {
		c.fail(malformed("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge."))
	}
	reason := c.enum("reason", "", "duplicate", "fraudulent", "requested_by_customer")
	amount, metadata := c.integer("amount", 0), c.metadata(nil)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	charge := s.chargeOf(of)
	if charge == nil {
		return nil, noSuch(param, of, param)
	}
	refund, failure := s.refund(charge, amount, reason, metadata)
	if failure != nil {
		return nil, failure
	}
	return s.showRefund(refund), nil
}

// chargeOf finds a charge by its own id or its intent's.
func (s *Stripe) chargeOf(id string) *Charge {
	if strings.HasPrefix(id, "pi_") {
		if intent := s.state.PaymentIntents.Get(id); intent != nil {
			id = intent.LatestCharge
		}
	}
	return s.state.Charges.Get(id)
}

// refund gives amount back, or all that is left for 0.
func (s *Stripe) refund(charge *Charge, amount int64, reason string, metadata map[string]string) (*Refund, *Error) {
	left := charge.Amount - charge.Refunded
	switch {
	case charge.Status != "succeeded":
		return nil, invalid("charge", "This charge has not succeeded, so it cannot be refunded.")
	case left == 0:
		return nil, invalidCode("charge_already_refunded", "", "Charge %s has already been refunded.", charge.ID)
	case amount < 0 || amount > left:
		return nil, invalid("amount", "Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, left)
	case amount == 0:
		amount = left
	}
	refund := s.state.Refunds.Add(&Refund{ID: s.world.NewID("re_3", 23), Created: s.real(), Amount: amount, Currency: charge.Currency, Charge: charge.ID,
		PaymentIntent: charge.PaymentIntent, Reason: reason, Metadata: metadata})
	before := s.showCharge(charge)
	charge.Refunded += amount
	arrived := s.showRefund(refund)
	underway := s.showRefund(refund)
	underway["destination_details"] = object{"card": object{"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}, "type": "card"}
	s.emit("refund.created", underway, nil)
	s.emit("charge.refunded", s.showCharge(charge), previous(before, s.showCharge(charge)))
	s.emit("refund.updated", arrived, previous(underway, arrived))
	s.emit("charge.refund.updated", arrived, previous(underway, arrived))
	return refund, nil
}

// Refund gives back an amount of a charge or payment intent; 0 is all of it.
func (s *Stripe) Refund(chargeOrIntent string, amount int64) error {
	var err error
	s.change(chargeOrIntent, func() {
		charge := s.chargeOf(chargeOrIntent)
		if charge == nil {
			err = noSuch("charge", chargeOrIntent, "charge")
			return
		}
		if _, failure := s.refund(charge, amount, "requested_by_customer", nil); failure != nil {
			err = failure
		}
	})
	return err
}

func (s *Stripe) retrieveRefund(c *call) (object, error) {
	if refund := s.state.Refunds.Get(c.path[0]); refund != nil {
		return s.showRefund(refund), nil
	}
	return nil, noSuch("refund", c.path[0], "id")
}

func (s *Stripe) listRefunds(c *call) (object, error) {
	charge, intent, within := c.text("charge"), c.text("payment_intent"), createdFilter(c)
	return paginate(c, s.state.Refunds.Newest(), func(r *Refund) bool {
		return (charge == "" || r.Charge == charge) && (intent == "" || r.PaymentIntent == intent) && within(r.Created)
	}, s.showRefund)
}

func (s *Stripe) chargeRefunds(id string) any {
	var data []any
	for refund := range s.state.Refunds.Newest() {
		if refund.Charge == id {
			data = append(data, s.showRefund(refund))
		}
	}
	return list("/v1/charges/"+id+"/refunds", data, false)
}

func (s *Stripe) showRefund(r *Refund) object {
	return object{"id": r.ID, "object": "refund", "amount": r.Amount, "balance_transaction": nil, "charge": r.Charge, "created": r.Created.Unix(),
		"currency": r.Currency, "destination_details": object{"card": object{"reference": "8596872319805706", "reference_status": "available",
			"reference_type": "acquirer_reference_number", "type": "refund"}, "type": "card"},
		"metadata": shown(r.Metadata), "payment_intent": orNull(r.PaymentIntent), "reason": orNull(r.Reason), "receipt_number": nil,
		"source_transfer_reversal": nil, "status": "succeeded", "transfer_reversal": nil}
}
