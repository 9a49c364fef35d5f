package stripesim

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Dispute is a cardholder's complaint about a charge. One that begins as an
// inquiry moves no money.
type Dispute struct {
	ID        string            `json:"id"`
	Created   time.Time         `json:"created"`
	Charge    string            `json:"charge"`
	Reason    string            `json:"reason"`
	Inquiry   bool              `json:"inquiry"`
	Status    string            `json:"status"` // as Stripe has them; warning_ ones are of inquiries
	Evidence  map[string]string `json:"evidence"`
	Submitted int               `json:"submission_count"`
	Metadata  map[string]string `json:"metadata"`
}

// Key is the id.
func (d *Dispute) Key() string { return d.ID }

// Owner is the charge.
func (d *Dispute) Owner() string { return d.Charge }

// responseTime is how long the merchant has to answer.
const responseTime = 9 * 24 * time.Hour

func (s *Stripe) disputeRoutes() []route {
	return []route{
		op(http.MethodGet, "/v1/disputes", "charge payment_intent created"+paging, s.listDisputes),
		op(http.MethodGet, "/v1/disputes/{}", "", s.retrieveDispute),
		op(http.MethodPost, "/v1/disputes/{}", "evidence metadata submit", s.updateDispute),
		op(http.MethodPost, "/v1/disputes/{}/close", "", s.closeDispute),
	}
}

// Dispute opens a dispute about a charge: charge.dispute.created, then the
// money is gone (charge.dispute.funds_withdrawn). The subscription goes on.
func (s *Stripe) Dispute(chargeID string) (disputeID string, err error) {
	s.change(chargeID, func() {
		charge := s.state.Charges.Get(chargeID)
		if charge == nil || charge.Captured == 0 || charge.Disputed {
			err = noSuch("charge", chargeID, "charge")
			return
		}
		disputeID = s.dispute(charge, "general", false).ID
	})
	return disputeID, err
}

func (s *Stripe) dispute(charge *Charge, reason string, inquiry bool) *Dispute {
	charge.Disputed = true
	dispute := &Dispute{ID: s.world.NewID("dp_1", 23), Created: s.real(), Charge: charge.ID, Reason: reason,
		Inquiry: inquiry, Status: "needs_response"}
	if inquiry {
		dispute.Status = "warning_needs_response"
	}
	s.state.Disputes.Add(dispute)
	s.emit("charge.dispute.created", s.showDispute(dispute), nil)
	if !inquiry {
		s.emit("charge.dispute.funds_withdrawn", s.showDispute(dispute), nil)
	}
	return dispute
}

// disputeByItself opens the dispute that a test card brings with every charge.
func (s *Stripe) disputeByItself(charge *Charge) {
	if how := s.state.PaymentMethods.Get(charge.PaymentMethod).behaviour(); how.dispute != "" {
		s.dispute(charge, how.dispute, how.inquiry)
	}
}

// CloseDispute decides a dispute; when won, the money comes back.
func (s *Stripe) CloseDispute(disputeID string, won bool) error {
	var err error
	s.change(disputeID, func() {
		dispute := s.state.Disputes.Get(disputeID)
		if dispute == nil || dispute.closed() {
			err = noSuch("dispute", disputeID, "id")
			return
		}
		s.decideDispute(dispute, won)
	})
	return err
}

func (d *Dispute) closed() bool {
	return slices.Contains([]string{"won", "lost", "warning_closed"}, d.Status)
}

// decideDispute closes a dispute. An inquiry is closed either way: no money moved.
func (s *Stripe) decideDispute(dispute *Dispute, won bool) {
	switch {
	case dispute.Inquiry:
		dispute.Status = "warning_closed"
	case won:
		dispute.Status = "won"
		s.emit("charge.dispute.funds_reinstated", s.showDispute(dispute), nil)
	default:
		dispute.Status = "lost"
	}
	s.emit("charge.dispute.closed", s.showDispute(dispute), nil)
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
		return (charge == "" || d.Charge == charge) && (intent == "" ||
			s.state.Charges.Get(d.Charge).PaymentIntent == intent) && within(d.Created)
	}, s.showDispute)
}

// evidenceTexts are the fields of evidence that are text; files are not simulated.
var evidenceTexts = strings.Fields("access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal" +
	" customer_email_address customer_name customer_purchase_ip duplicate_charge_explanation duplicate_charge_id product_description" +
	" refund_policy_disclosure refund_refusal_explanation service_date shipping_address shipping_carrier shipping_date" +
	" shipping_tracking_number uncategorized_text")

// evidenceFiles are shown as not there.
var evidenceFiles = strings.Fields("cancellation_policy customer_communication customer_signature duplicate_charge_documentation receipt" +
	" refund_policy service_documentation shipping_documentation uncategorized_file")

// updateDispute takes evidence. What is submitted is decided at once when it is
// one of Stripe's test texts, winning_evidence and losing_evidence; else the
// dispute is under review until CloseDispute decides it.
func (s *Stripe) updateDispute(c *call) (object, error) {
	dispute := s.state.Disputes.Get(c.path[0])
	if dispute == nil {
		return nil, noSuch("dispute", c.path[0], "id")
	}
	metadata, evidence := c.metadata(dispute.Metadata), maps.Clone(dispute.Evidence)
	sent := c.sub("evidence").only(evidenceTexts...)
	submit := c.boolean("submit", c.hash("evidence"))
	if evidence == nil {
		evidence = map[string]string{}
	}
	for _, field := range evidenceTexts {
		if sent.has(field) {
			evidence[field] = sent.text(field)
		}
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if (submit || c.has("evidence")) && !strings.HasSuffix(dispute.Status, "needs_response") {
		return nil, invalid("", "This dispute is %s: evidence can no longer be submitted.", dispute.Status)
	}
	before := s.showDispute(dispute)
	dispute.Metadata, dispute.Evidence = metadata, evidence
	if submit {
		dispute.Submitted++
		dispute.Status = strings.Replace(dispute.Status, "needs_response", "under_review", 1)
	}
	s.emitUpdate("charge.dispute.updated", before, s.showDispute(dispute))
	switch text := evidence["uncategorized_text"]; {
	case submit && text == "winning_evidence":
		s.decideDispute(dispute, true)
	case submit && text == "losing_evidence":
		s.decideDispute(dispute, false)
	}
	return s.showDispute(dispute), nil
}

// closeDispute gives in: the dispute is lost.
func (s *Stripe) closeDispute(c *call) (object, error) {
	dispute := s.state.Disputes.Get(c.path[0])
	switch {
	case dispute == nil:
		return nil, noSuch("dispute", c.path[0], "id")
	case dispute.closed():
		return nil, invalidCode("resource_already_exists", "", "This dispute is already closed.")
	}
	s.decideDispute(dispute, false)
	return s.showDispute(dispute), nil
}

func (s *Stripe) showDispute(d *Dispute) object {
	charge := s.state.Charges.Get(d.Charge)
	evidence := object{"enhanced_evidence": object{}}
	for _, field := range evidenceTexts {
		evidence[field] = orNull(d.Evidence[field])
	}
	for _, field := range evidenceFiles {
		evidence[field] = nil
	}
	due := d.Created.Add(responseTime)
	shown := object{"id": d.ID, "object": "dispute", "amount": charge.Amount, "balance_transactions": []any{},
		"charge":  d.Charge,
		"created": d.Created.Unix(), "currency": charge.Currency, "enhanced_eligibility_types": []any{}, "evidence": evidence,
		"evidence_details": object{"due_by": due.Unix(), "enhanced_eligibility": object{},
			"has_evidence": len(d.Evidence) > 0,
			"past_due":     s.now().After(due) && strings.HasSuffix(d.Status, "needs_response"), "submission_count": d.Submitted},
		"is_charge_refundable": d.Inquiry && !d.closed(), "livemode": false, "metadata": shown(d.Metadata),
		"payment_intent": orNull(charge.PaymentIntent), "reason": cmp.Or(d.Reason, "general"), "status": d.Status}
	if method := s.state.PaymentMethods.Get(charge.PaymentMethod); method.kind() == "card" {
		brand := method.behaviour().brand
		shown["payment_method_details"] = object{"type": "card", "card": object{"brand": brand, "case_type": d.caseType(),
			"network": brand, "network_reason_code": nil}}
	}
	return shown
}

func (d *Dispute) caseType() string {
	if d.Inquiry {
		return "inquiry"
	}
	return "chargeback"
}
