package payments

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// refundOutcome is how long a refund takes on test cards with a slow or
// refusing bank.
const refundOutcome = 24 * time.Hour

// Accepted without effect: instructions_email, for payment methods that need
// the customer for a refund.
const refundParams = "amount reason metadata instructions_email"

func (s *Payments) refundRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/refunds", "charge payment_intent "+refundParams, s.createRefund),
		api.Op(http.MethodGet, "/v1/refunds", "charge payment_intent created"+api.Paging, s.listRefunds),
		api.Op(http.MethodGet, "/v1/refunds/{}", "", s.retrieveRefund),
		api.Op(http.MethodPost, "/v1/refunds/{}", "metadata", s.updateRefund),
		api.Op(http.MethodPost, "/v1/refunds/{}/cancel", "", s.cancelRefund),
	}
}

func (s *Payments) createRefund(c *api.Call) (api.Object, error) {
	of, param := c.Text("charge"), "charge"
	if of == "" {
		of, param = c.Text("payment_intent"), "payment_intent"
	}
	if of == "" {
		c.Fail(api.Malformed("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge."))
	}
	reason := c.Enum("reason", "", "duplicate", "fraudulent", "requested_by_customer")
	amount, metadata := c.Integer("amount", 0), c.Metadata(nil)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	charge := s.ChargeOf(of)
	if charge == nil {
		return nil, api.NoSuch(param, of, param)
	}
	refund, failure := s.Refund(charge, amount, reason, metadata)
	if failure != nil {
		return nil, failure
	}
	return s.ShowRefund(refund), nil
}

// ChargeOf returns a charge by its id or its intent's id, or nil.
func (s *Payments) ChargeOf(id string) *state.Charge {
	if strings.HasPrefix(id, "pi_") {
		if intent := s.State.PaymentIntents.Get(id); intent != nil {
			id = intent.LatestCharge
		}
	}
	return s.State.Charges.Get(id)
}

// Refund refunds an amount of a charge; 0 refunds the rest.
func (s *Payments) Refund(charge *state.Charge, amount int64, reason string,
	metadata map[string]string) (*state.Refund, *api.Error) {
	left := charge.Amount - charge.Refunded
	switch {
	case charge.Captured == 0:
		return nil, api.Invalid("charge", "This charge has not succeeded or is not captured, so it cannot be refunded.")
	case s.chargedBack(charge):
		return nil, api.InvalidCode("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", charge.ID)
	case left == 0:
		return nil, api.InvalidCode("charge_already_refunded", "", "Charge %s has already been refunded.", charge.ID)
	case amount < 0 || amount > left:
		return nil, api.Invalid("amount", "Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, left)
	case amount == 0:
		amount = left
	}
	how := s.State.PaymentMethods.Get(charge.PaymentMethod).Behaviour()
	refund := s.State.Refunds.Add(&state.Refund{ID: s.World.NewID("re_3", 23), Created: s.Real(), Amount: amount,
		Currency: charge.Currency, Charge: charge.ID, PaymentIntent: charge.PaymentIntent, Reason: reason,
		Metadata: metadata, Status: "succeeded"})
	if how.Refund == "pending" {
		refund.Status = "pending"
	}
	before := s.ShowCharge(charge)
	charge.Refunded += amount
	s.Events.Emit("refund.created", s.ShowRefund(refund), nil)
	s.Events.Emit("charge.refunded", s.ShowCharge(charge), api.Previous(before, s.ShowCharge(charge)))
	if how.Refund == "" {
		s.changeRefund(refund, func() { refund.Reference = "8596872319805706" })
	} else {
		s.At(s.Now().Add(refundOutcome), account.TimerRefund, refund.ID)
	}
	return refund, nil
}

// chargedBack reports whether a dispute already took the money.
func (s *Payments) chargedBack(charge *state.Charge) bool {
	for _, dispute := range s.State.Disputes.Of(charge.ID) {
		if !dispute.Inquiry && dispute.Status != "won" {
			return true
		}
	}
	return false
}

// changeRefund applies a change and emits the two events about it.
func (s *Payments) changeRefund(refund *state.Refund, change func()) {
	before := s.ShowRefund(refund)
	change()
	after := s.ShowRefund(refund)
	s.Events.EmitUpdate("refund.updated", before, after)
	s.Events.EmitUpdate("charge.refund.updated", before, after)
}

// refundSettles applies the outcome of a refund on a test card whose bank is
// slow, or refuses it after it succeeded.
func (s *Payments) refundSettles(id string) {
	refund := s.State.Refunds.Get(id)
	charge := s.State.Charges.Get(refund.Charge)
	switch {
	case s.State.PaymentMethods.Get(charge.PaymentMethod).Behaviour().Refund == "fails":
		s.takeBack(refund, "failed")
		s.Events.Emit("refund.failed", s.ShowRefund(refund), nil)
	case refund.Status == "pending":
		s.changeRefund(refund, func() { refund.Status, refund.Reference = "succeeded", "8596872319805706" })
	}
}

// takeBack ends a refund whose money stays with the merchant.
func (s *Payments) takeBack(refund *state.Refund, status string) {
	charge := s.State.Charges.Get(refund.Charge)
	before := s.ShowCharge(charge)
	charge.Refunded -= refund.Amount
	s.changeRefund(refund, func() { refund.Status = status })
	s.Events.EmitUpdate("charge.updated", before, s.ShowCharge(charge))
}

func (s *Payments) retrieveRefund(c *api.Call) (api.Object, error) {
	if refund := s.State.Refunds.Get(c.Path[0]); refund != nil {
		return s.ShowRefund(refund), nil
	}
	return nil, api.NoSuch("refund", c.Path[0], "id")
}

func (s *Payments) updateRefund(c *api.Call) (api.Object, error) {
	refund := s.State.Refunds.Get(c.Path[0])
	if refund == nil {
		return nil, api.NoSuch("refund", c.Path[0], "id")
	}
	metadata := c.Metadata(refund.Metadata)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	s.changeRefund(refund, func() { refund.Metadata = maps.Clone(metadata) })
	return s.ShowRefund(refund), nil
}

// cancelRefund cancels a pending refund.
func (s *Payments) cancelRefund(c *api.Call) (api.Object, error) {
	refund := s.State.Refunds.Get(c.Path[0])
	switch {
	case refund == nil:
		return nil, api.NoSuch("refund", c.Path[0], "id")
	case refund.Status != "pending":
		return nil, api.Invalid("", "You cannot cancel a refund that has a status of %s.", refund.Status)
	}
	s.takeBack(refund, "canceled")
	return s.ShowRefund(refund), nil
}

func (s *Payments) listRefunds(c *api.Call) (api.Object, error) {
	charge, intent, within := c.Text("charge"), c.Text("payment_intent"), api.CreatedFilter(c)
	refunds := s.State.Refunds.Newest()
	if charge != "" {
		refunds = api.NewestOf(s.State.Refunds.Of(charge))
	}
	return api.Paginate(c, refunds, func(r *state.Refund) bool {
		return (intent == "" || r.PaymentIntent == intent) && within(r.Created)
	}, s.ShowRefund)
}

// ChargeRefunds shows the refunds of an expanded charge: ten at most, newest
// first.
func (s *Payments) ChargeRefunds(id string) any {
	var data []any
	for refund := range api.NewestOf(s.State.Refunds.Of(id)) {
		data = append(data, s.ShowRefund(refund))
	}
	return api.List("/v1/charges/"+id+"/refunds", data[:min(10, len(data))], len(data) > 10)
}
