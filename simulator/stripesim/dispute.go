package stripesim

import (
	"net/http"
	"time"
)

// Dispute is a cardholder's complaint about a charge.
type Dispute struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Charge  string    `json:"charge"`
	Status  string    `json:"status"` // needs_response, won, lost
}

// Key is the id.
func (d *Dispute) Key() string { return d.ID }

var disputeRoutes = []route{
	op(http.MethodGet, "/v1/disputes", "charge payment_intent created"+paging, (*Stripe).listDisputes),
	op(http.MethodGet, "/v1/disputes/{}", "", (*Stripe).retrieveDispute),
}

// Dispute opens a dispute about a charge: charge.dispute.created, then the
// money is gone (charge.dispute.funds_withdrawn). The subscription goes on.
func (s *Stripe) Dispute(chargeID string) (disputeID string, err error) {
	s.change(chargeID, func() {
		charge := s.state.Charges.Get(chargeID)
		if charge == nil || charge.Status != "succeeded" || charge.Disputed {
			err = noSuch("charge", chargeID, "charge")
			return
		}
		charge.Disputed = true
		dispute := s.state.Disputes.Add(&Dispute{ID: s.world.NewID("dp_1", 23), Created: s.real(), Charge: charge.ID, Status: "needs_response"})
		disputeID = dispute.ID
		s.emit("charge.dispute.created", s.showDispute(dispute), nil)
		s.emit("charge.dispute.funds_withdrawn", s.showDispute(dispute), nil)
	})
	return disputeID, err
}

// CloseDispute decides a dispute; when won, the money comes back.
func (s *Stripe) CloseDispute(disputeID string, won bool) error {
	var err error
	s.change(disputeID, func() {
		dispute := s.state.Disputes.Get(disputeID)
		if dispute == nil || dispute.Status != "needs_response" {
			err = noSuch("dispute", disputeID, "id")
			return
		}
		dispute.Status = "lost"
		if won {
			dispute.Status = "won"
			s.emit("charge.dispute.funds_reinstated", s.showDispute(dispute), nil)
		}
		s.emit("charge.dispute.closed", s.showDispute(dispute), nil)
	})
	return err
}

func (s *Stripe) retrieveDispute(c *call) (object, error) {
	if dispute := s.state.Disputes.Get(c.path[0]); dispute != nil {
		return s.showDispute(dispute), nil
	}
	return nil, noSuch("dispute", c.path[0], "id")
}

func (s *Stripe) listDisputes(c *call) (object, error) {
	charge, intent, within := c.text("charge"), c.text("payment_intent"), createdFilter(c)
	return paginate(c, s.state.Disputes.Newest(), func(d *Dispute) bool {
		return (charge == "" || d.Charge == charge) && (intent == "" || s.state.Charges.Get(d.Charge).PaymentIntent == intent) && within(d.Created)
	}, s.showDispute)
}

func (s *Stripe) showDispute(d *Dispute) object {
	charge := s.state.Charges.Get(d.Charge)
	return object{"id": d.ID, "object": "dispute", "amount": charge.Amount, "balance_transactions": []any{}, "charge": d.Charge,
		"created": d.Created.Unix(), "currency": charge.Currency, "enhanced_eligibility_types": []any{}, "evidence": object{"enhanced_evidence": object{}},
		"evidence_details":     object{"due_by": d.Created.Add(9 * 24 * time.Hour).Unix(), "enhanced_eligibility": object{}, "has_evidence": false, "past_due": false, "submission_count": 0},
		"is_charge_refundable": false, "livemode": false, "metadata": object{}, "payment_intent": orNull(charge.PaymentIntent),
		"reason": "general", "status": d.Status}
}
