package payments

import (
	"maps"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Payments) disputeRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodGet, "/v1/disputes", "charge payment_intent created"+api.Paging, s.listDisputes),
		api.Op(http.MethodGet, "/v1/disputes/{}", "", s.retrieveDispute),
		api.Op(http.MethodPost, "/v1/disputes/{}", "evidence metadata submit", s.updateDispute),
		api.Op(http.MethodPost, "/v1/disputes/{}/close", "", s.closeDispute),
	}
}

// Dispute opens a dispute about a charge.
func (s *Payments) Dispute(charge *state.Charge, reason string, inquiry bool) *state.Dispute {
	charge.Disputed = true
	dispute := &state.Dispute{ID: s.World.NewID("dp_1", 23), Created: s.Real(), Charge: charge.ID, Reason: reason,
		Inquiry: inquiry, Status: "needs_response"}
	if inquiry {
		dispute.Status = "warning_needs_response"
	}
	s.State.Disputes.Add(dispute)
	s.Events.Emit("charge.dispute.created", s.ShowDispute(dispute), nil)
	if !inquiry {
		s.Events.Emit("charge.dispute.funds_withdrawn", s.ShowDispute(dispute), nil)
	}
	return dispute
}

// AutoDispute opens the dispute that a test card brings with every charge.
func (s *Payments) AutoDispute(charge *state.Charge) {
	if how := s.State.PaymentMethods.Get(charge.PaymentMethod).Behaviour(); how.Dispute != "" {
		s.Dispute(charge, how.Dispute, how.Inquiry)
	}
}

// DecideDispute closes a dispute. An inquiry moved no money, so it ends the
// same either way.
func (s *Payments) DecideDispute(dispute *state.Dispute, won bool) {
	switch {
	case dispute.Inquiry:
		dispute.Status = "warning_closed"
	case won:
		dispute.Status = "won"
		s.Events.Emit("charge.dispute.funds_reinstated", s.ShowDispute(dispute), nil)
	default:
		dispute.Status = "lost"
	}
	s.Events.Emit("charge.dispute.closed", s.ShowDispute(dispute), nil)
}

func (s *Payments) retrieveDispute(c *api.Call) (api.Object, error) {
	if dispute := s.State.Disputes.Get(c.Path[0]); dispute != nil {
		return s.ShowDispute(dispute), nil
	}
	return nil, api.NoSuch("dispute", c.Path[0], "id")
}

func (s *Payments) listDisputes(c *api.Call) (api.Object, error) {
	charge, intent, within := c.Text("charge"), c.Text("payment_intent"), api.CreatedFilter(c)
	return api.Paginate(c, s.State.Disputes.Newest(), func(d *state.Dispute) bool {
		return (charge == "" || d.Charge == charge) && (intent == "" ||
			s.State.Charges.Get(d.Charge).PaymentIntent == intent) && within(d.Created)
	}, s.ShowDispute)
}

// updateDispute adds evidence. Stripe's test texts winning_evidence and
// losing_evidence decide a submitted dispute at once. Any other stays under
// review until CloseDispute decides it.
func (s *Payments) updateDispute(c *api.Call) (api.Object, error) {
	dispute := s.State.Disputes.Get(c.Path[0])
	if dispute == nil {
		return nil, api.NoSuch("dispute", c.Path[0], "id")
	}
	metadata, evidence := c.Metadata(dispute.Metadata), maps.Clone(dispute.Evidence)
	sent := c.Sub("evidence").Only(account.EvidenceTexts...)
	submit := c.Boolean("submit", c.Hash("evidence"))
	if evidence == nil {
		evidence = map[string]string{}
	}
	for _, field := range account.EvidenceTexts {
		if sent.Has(field) {
			evidence[field] = sent.Text(field)
		}
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if (submit || c.Has("evidence")) && !strings.HasSuffix(dispute.Status, "needs_response") {
		return nil, api.Invalid("", "This dispute is %s: evidence can no longer be submitted.", dispute.Status)
	}
	before := s.ShowDispute(dispute)
	dispute.Metadata, dispute.Evidence = metadata, evidence
	if submit {
		dispute.Submitted++
		dispute.Status = strings.Replace(dispute.Status, "needs_response", "under_review", 1)
	}
	s.Events.EmitUpdate("charge.dispute.updated", before, s.ShowDispute(dispute))
	switch text := evidence["uncategorized_text"]; {
	case submit && text == "winning_evidence":
		s.DecideDispute(dispute, true)
	case submit && text == "losing_evidence":
		s.DecideDispute(dispute, false)
	}
	return s.ShowDispute(dispute), nil
}

// closeDispute accepts the dispute as lost.
func (s *Payments) closeDispute(c *api.Call) (api.Object, error) {
	dispute := s.State.Disputes.Get(c.Path[0])
	switch {
	case dispute == nil:
		return nil, api.NoSuch("dispute", c.Path[0], "id")
	case dispute.Closed():
		return nil, api.InvalidCode("resource_already_exists", "", "This dispute is already closed.")
	}
	s.DecideDispute(dispute, false)
	return s.ShowDispute(dispute), nil
}
