package stripesim

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
)

// Authenticate passes or fails the open 3-D Secure challenge of a payment or
// setup intent, as the cardholder does on its page. It returns an *Error if the
// challenge failed or the card was declined after it.
func (s *Stripe) Authenticate(intentID string, passed bool) error {
	var failure *api.Error
	s.account.Change(intentID, func() { _, failure = s.intents.Decide(intentID, passed) })
	if failure != nil {
		return failure
	}
	return nil
}

// Dispute opens a dispute about a charge and withdraws the money:
// charge.dispute.created, then charge.dispute.funds_withdrawn. The subscription
// continues.
func (s *Stripe) Dispute(chargeID string) (disputeID string, err error) {
	s.account.Change(chargeID, func() {
		charge := s.account.State.Charges.Get(chargeID)
		if charge == nil || charge.Captured == 0 || charge.Disputed {
			err = api.NoSuch("charge", chargeID, "charge")
			return
		}
		disputeID = s.payments.Dispute(charge, "general", false).ID
	})
	return disputeID, err
}

// CloseDispute decides a dispute. Winning it returns the money.
func (s *Stripe) CloseDispute(disputeID string, won bool) error {
	var err error
	s.account.Change(disputeID, func() {
		dispute := s.account.State.Disputes.Get(disputeID)
		if dispute == nil || dispute.Closed() {
			err = api.NoSuch("dispute", disputeID, "id")
			return
		}
		s.payments.DecideDispute(dispute, won)
	})
	return err
}

// PayInvoice attempts an open invoice at once with the default payment method,
// as the hosted invoice page does.
func (s *Stripe) PayInvoice(id string) error {
	var err error
	s.account.Change(id, func() {
		invoice := s.account.State.Invoices.Get(id)
		if invoice == nil {
			err = api.NoSuch("invoice", id, "id")
			return
		}
		err = s.billing.PayNow(invoice, nil, !billing.OffSession)
	})
	return err
}

// Refund refunds an amount of a charge or a payment intent; 0 refunds all of
// it.
func (s *Stripe) Refund(chargeOrIntent string, amount int64) error {
	var err error
	s.account.Change(chargeOrIntent, func() {
		charge := s.payments.ChargeOf(chargeOrIntent)
		if charge == nil {
			err = api.NoSuch("charge", chargeOrIntent, "charge")
			return
		}
		if _, failure := s.payments.Refund(charge, amount, "requested_by_customer", nil); failure != nil {
			err = failure
		}
	})
	return err
}
