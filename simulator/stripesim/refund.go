package stripesim

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
	"time"
)

// refundOutcome is after what time a refund to a card whose bank is slow, or
// refuses it, is decided.
const refundOutcome = 24 * time.Hour

// Refund gives money of a charge back.
type Refund struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Amount        int64             `json:"amount"`
	Currency      string            `json:"currency"`
	Charge        string            `json:"charge"`
	PaymentIntent string            `json:"payment_intent"`
	Reason        string            `json:"reason"`
	Status        string            `json:"status"`    // succeeded, pending, failed, canceled
	Reference     string            `json:"reference"` // by which the bank finds it; "" while there is none
	Metadata      map[string]string `json:"metadata"`
}

// Key is the id.
func (r *Refund) Key() string { return r.ID }

// Owner is the charge.
func (r *Refund) Owner() string { return r.Charge }

// Accepted and without effect: instructions_email, which is for payment methods
// that cannot be refunded without the customer.
const refundParams = "amount reason metadata instructions_email"

func (s *Stripe) refundRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/refunds", "charge payment_intent "+refundParams, s.createRefund),
		op(http.MethodGet, "/v1/refunds", "charge payment_intent created"+paging, s.listRefunds),
		op(http.MethodGet, "/v1/refunds/{}", "", s.retrieveRefund),
		op(http.MethodPost, "/v1/refunds/{}", "metadata", s.updateRefund),
		op(http.MethodPost, "/v1/refunds/{}/cancel", "", s.cancelRefund),
	}
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
	case charge.Captured == 0:
		return nil, invalid("charge", "This charge has not succeeded or is not captured, so it cannot be refunded.")
	case s.chargedBack(charge):
		return nil, invalidCode("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", charge.ID)
	case left == 0:
		return nil, invalidCode("charge_already_refunded", "", "Charge %s has already been refunded.", charge.ID)
	case amount < 0 || amount > left:
		return nil, invalid("amount", "Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, left)
	case amount == 0:
		amount = left
	}
	how := s.state.PaymentMethods.Get(charge.PaymentMethod).behaviour()
	refund := s.state.Refunds.Add(&Refund{ID: s.world.NewID("re_3", 23), Created: s.real(), Amount: amount,
		Currency: charge.Currency, Charge: charge.ID,
		PaymentIntent: charge.PaymentIntent, Reason: reason, Metadata: metadata, Status: "succeeded"})
	if how.refund == "pending" {
		refund.Status = "pending"
	}
	before := s.showCharge(charge)
	charge.Refunded += amount
	s.emit("refund.created", s.showRefund(refund), nil)
	s.emit("charge.refunded", s.showCharge(charge), previous(before, s.showCharge(charge)))
	if how.refund == "" {
		s.changeRefund(refund, func() { refund.Reference = "8596872319805706" })
	} else {
		s.at(s.now().Add(refundOutcome), timerRefund, refund.ID)
	}
	return refund, nil
}

// chargedBack says whether a dispute has taken the money already.
func (s *Stripe) chargedBack(charge *Charge) bool {
	for _, dispute := range s.state.Disputes.Of(charge.ID) {
		if !dispute.Inquiry && dispute.Status != "won" {
			return true
		}
	}
	return false
}

// changeRefund applies a change and writes both events that tell of one.
func (s *Stripe) changeRefund(refund *Refund, change func()) {
	before := s.showRefund(refund)
	change()
	after := s.showRefund(refund)
	s.emitUpdate("refund.updated", before, after)
	s.emitUpdate("charge.refund.updated", before, after)
}

// refundSettles brings the outcome of a refund to one of the test cards whose
// bank is slow, or refuses it after it had succeeded.
func (s *Stripe) refundSettles(id string) {
	refund := s.state.Refunds.Get(id)
	charge := s.state.Charges.Get(refund.Charge)
	switch {
	case s.state.PaymentMethods.Get(charge.PaymentMethod).behaviour().refund == "fails":
		s.takeBack(refund, "failed")
		s.emit("refund.failed", s.showRefund(refund), nil)
	case refund.Status == "pending":
		s.changeRefund(refund, func() { refund.Status, refund.Reference = "succeeded", "8596872319805706" })
	}
}

// takeBack ends a refund whose money stays with the merchant.
func (s *Stripe) takeBack(refund *Refund, status string) {
	charge := s.state.Charges.Get(refund.Charge)
	before := s.showCharge(charge)
	charge.Refunded -= refund.Amount
	s.changeRefund(refund, func() { refund.Status = status })
	s.emitUpdate("charge.updated", before, s.showCharge(charge))
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

func (s *Stripe) updateRefund(c *call) (object, error) {
	refund := s.state.Refunds.Get(c.path[0])
	if refund == nil {
		return nil, noSuch("refund", c.path[0], "id")
	}
	metadata := c.metadata(refund.Metadata)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	s.changeRefund(refund, func() { refund.Metadata = maps.Clone(metadata) })
	return s.showRefund(refund), nil
}

// cancelRefund takes a refund back that is still pending.
func (s *Stripe) cancelRefund(c *call) (object, error) {
	refund := s.state.Refunds.Get(c.path[0])
	switch {
	case refund == nil:
		return nil, noSuch("refund", c.path[0], "id")
	case refund.Status != "pending":
		return nil, invalid("", "You cannot cancel a refund that has a status of %s.", refund.Status)
	}
	s.takeBack(refund, "canceled")
	return s.showRefund(refund), nil
}

func (s *Stripe) listRefunds(c *call) (object, error) {
	charge, intent, within := c.text("charge"), c.text("payment_intent"), createdFilter(c)
	refunds := s.state.Refunds.Newest()
	if charge != "" {
		refunds = newestOf(s.state.Refunds.Of(charge))
	}
	return paginate(c, refunds, func(r *Refund) bool {
		return (intent == "" || r.PaymentIntent == intent) && within(r.Created)
	}, s.showRefund)
}

// chargeRefunds is the included refunds list: at most ten, newest first.
func (s *Stripe) chargeRefunds(id string) any {
	var data []any
	for refund := range newestOf(s.state.Refunds.Of(id)) {
		data = append(data, s.showRefund(refund))
	}
	return list("/v1/charges/"+id+"/refunds", data[:min(10, len(data))], len(data) > 10)
}

func (s *Stripe) showRefund(r *Refund) object {
	destination := object{"type": "sepa_debit"}
	if s.state.PaymentMethods.Get(s.state.Charges.Get(r.Charge).PaymentMethod).kind() == "card" {
		destination = object{"type": "card", "card": r.showReference()}
	}
	shown := object{"id": r.ID, "object": "refund", "amount": r.Amount, "balance_transaction": nil, "charge": r.Charge,
		"created":  r.Created.Unix(),
		"currency": r.Currency, "destination_details": destination, "metadata": shown(r.Metadata),
		"payment_intent": orNull(r.PaymentIntent),
		"reason":         orNull(r.Reason), "receipt_number": nil, "source_transfer_reversal": nil, "status": cmp.Or(r.Status,
			"succeeded"), "transfer_reversal": nil}
	switch r.Status {
	case "failed":
		shown["failure_reason"] = "expired_or_canceled_card"
	case "pending":
		shown["pending_reason"] = "processing"
	}
	return shown
}

func (r *Refund) showReference() object {
	reference := object{"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
	if r.Reference != "" {
		reference["reference"], reference["reference_status"] = r.Reference, "available"
	}
	return reference
}
