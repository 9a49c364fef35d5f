package account

import (
	"cmp"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ShowCharge shows a charge.
func (s *Account) ShowCharge(c *state.Charge) api.Object {
	var failureCode, failureMessage any
	if c.Failure != nil {
		failureCode, failureMessage = c.Failure.Code, c.Failure.Message
	}
	fraud := api.Object{}
	if c.Fraud != "" {
		fraud["user_report"] = c.Fraud
	}
	return api.Object{"id": c.ID, "object": "charge", "amount": c.Amount, "amount_captured": c.Captured,
		"amount_refunded": c.Refunded, "application": nil, "application_fee": nil, "application_fee_amount": nil,
		"balance_transaction": nil, "billing_details": c.Billing.ShowBilling(),
		"calculated_statement_descriptor": "LOCKSTEP SIMULATOR", "captured": c.Captured > 0, "created": c.Created.Unix(),
		"currency": c.Currency, "customer": api.OrNull(c.Customer), "description": api.OrNull(c.Description),
		"disputed": c.Disputed, "failure_balance_transaction": nil, "failure_code": failureCode,
		"failure_message": failureMessage, "fraud_details": fraud, "livemode": false, "metadata": api.Shown(c.Metadata),
		"on_behalf_of": nil, "outcome": c.Outcome(), "paid": c.Status == "succeeded",
		"payment_intent": api.OrNull(c.PaymentIntent), "payment_method": c.PaymentMethod,
		"payment_method_details": s.methodDetails(c), "receipt_email": api.OrNull(c.ReceiptEmail), "receipt_number": nil,
		"receipt_url": nil, "refunded": c.Refunded == c.Amount && c.Amount > 0, "review": nil,
		"shipping": c.Shipping.Show(), "source_transfer": nil, "statement_descriptor": api.OrNull(c.Descriptor),
		"statement_descriptor_suffix": api.OrNull(c.Suffix), "status": c.Status, "transfer_data": nil,
		"transfer_group": nil}
}

// methodDetails shows the payment method as it was when charged.
func (s *Account) methodDetails(c *state.Charge) api.Object {
	method := s.State.PaymentMethods.Get(c.PaymentMethod)
	if method.Kind() == "sepa_debit" {
		country, code := method.Bank()
		return api.Object{"type": "sepa_debit", "sepa_debit": api.Object{"bank_code": code, "branch_code": nil,
			"country": country, "fingerprint": "simulated" + method.Last4(), "last4": method.Last4(), "mandate": nil}}
	}
	var secure any
	if c.Authenticated {
		secure = api.Object{"authentication_flow": "challenge", "electronic_commerce_indicator": "05",
			"exemption_indicator": nil, "result": "authenticated", "result_reason": nil, "transaction_id": nil,
			"version": "2.2.0"}
	}
	brand := method.Behaviour().Brand
	return api.Object{"type": "card", "card": api.Object{"amount_authorized": c.Amount, "authorization_code": nil,
		"brand": brand, "checks": method.Checks(), "country": "US", "exp_month": method.ExpMonth,
		"exp_year": method.ExpYear, "fingerprint": "simulated" + method.Last4(), "funding": "credit", "installments": nil,
		"last4": method.Last4(), "mandate": nil, "network": brand, "network_token": api.Object{"used": false},
		"network_transaction_id": nil, "regulated_status": "unregulated", "three_d_secure": secure, "wallet": nil}}
}

// responseTime is how long a merchant has to answer a dispute.
const responseTime = 9 * 24 * time.Hour

// EvidenceTexts are the text fields of evidence. Files are not simulated.
var EvidenceTexts = strings.Fields("access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal" +
	" customer_email_address customer_name customer_purchase_ip duplicate_charge_explanation duplicate_charge_id product_description" +
	" refund_policy_disclosure refund_refusal_explanation service_date shipping_address shipping_carrier shipping_date" +
	" shipping_tracking_number uncategorized_text")

// evidenceFiles are always shown as null.
var evidenceFiles = strings.Fields("cancellation_policy customer_communication customer_signature duplicate_charge_documentation receipt" +
	" refund_policy service_documentation shipping_documentation uncategorized_file")

// ShowDispute shows a dispute.
func (s *Account) ShowDispute(d *state.Dispute) api.Object {
	charge := s.State.Charges.Get(d.Charge)
	evidence := api.Object{"enhanced_evidence": api.Object{}}
	for _, field := range EvidenceTexts {
		evidence[field] = api.OrNull(d.Evidence[field])
	}
	for _, field := range evidenceFiles {
		evidence[field] = nil
	}
	due := d.Created.Add(responseTime)
	shown := api.Object{"id": d.ID, "object": "dispute", "amount": charge.Amount, "balance_transactions": []any{},
		"charge": d.Charge, "created": d.Created.Unix(), "currency": charge.Currency, "enhanced_eligibility_types": []any{},
		"evidence":             evidence,
		"evidence_details":     api.Object{"due_by": due.Unix(), "enhanced_eligibility": api.Object{}, "has_evidence": len(d.Evidence) > 0, "past_due": s.Now().After(due) && strings.HasSuffix(d.Status, "needs_response"), "submission_count": d.Submitted},
		"is_charge_refundable": d.Inquiry && !d.Closed(), "livemode": false, "metadata": api.Shown(d.Metadata),
		"payment_intent": api.OrNull(charge.PaymentIntent), "reason": cmp.Or(d.Reason, "general"), "status": d.Status}
	if method := s.State.PaymentMethods.Get(charge.PaymentMethod); method.Kind() == "card" {
		brand := method.Behaviour().Brand
		shown["payment_method_details"] = api.Object{"type": "card", "card": api.Object{"brand": brand,
			"case_type": d.CaseType(), "network": brand, "network_reason_code": nil}}
	}
	return shown
}

// ShowRefund shows a refund.
func (s *Account) ShowRefund(r *state.Refund) api.Object {
	destination := api.Object{"type": "sepa_debit"}
	if s.State.PaymentMethods.Get(s.State.Charges.Get(r.Charge).PaymentMethod).Kind() == "card" {
		destination = api.Object{"type": "card", "card": r.ShowReference()}
	}
	shown := api.Object{"id": r.ID, "object": "refund", "amount": r.Amount, "balance_transaction": nil,
		"charge": r.Charge, "created": r.Created.Unix(), "currency": r.Currency, "destination_details": destination,
		"metadata": api.Shown(r.Metadata), "payment_intent": api.OrNull(r.PaymentIntent), "reason": api.OrNull(r.Reason),
		"receipt_number": nil, "source_transfer_reversal": nil, "status": cmp.Or(r.Status, "succeeded"),
		"transfer_reversal": nil}
	switch r.Status {
	case "failed":
		shown["failure_reason"] = "expired_or_canceled_card"
	case "pending":
		shown["pending_reason"] = "processing"
	}
	return shown
}
