package billing

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/catalog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// readPhases reads consecutive phases. The first starts at first unless it has
// a start_date.
func (s *Billing) readPhases(p api.Params, first time.Time, flexible bool) []state.Phase {
	var phases []state.Phase
	start := first
	for _, sent := range p.List("phases") {
		phase := s.readPhase(sent, start, flexible)
		if p.Failed() != nil {
			return nil
		}
		phases = append(phases, phase)
		start = phase.End
	}
	if len(phases) == 0 {
		p.Fail(api.MissingParam("phases"))
	}
	return phases
}

// readPhase reads one phase. iterations is an older parameter for a duration in
// billing intervals; the Stripe CLI still sends it.
func (s *Billing) readPhase(sent api.Params, start time.Time, flexible bool) state.Phase {
	sent.Only("items", "start_date", "end_date", "duration", "iterations", "proration_behavior", "trial", "trial_end",
		"description",
		"default_payment_method", "metadata", "currency", "billing_cycle_anchor", "collection_method")
	sent.Enum("billing_cycle_anchor", "automatic", "automatic")
	phase := state.Phase{Start: start, Proration: readProration(sent), Description: sent.Text("description"),
		Metadata: sent.Metadata(nil)}
	items := s.readSubscriptionItems(sent, "items", flexible)
	if sent.Failed() != nil {
		return phase
	}
	for _, item := range items {
		phase.Items = append(phase.Items, state.PhaseItem{Price: item.Price.ID, Quantity: item.Quantity,
			Metadata: item.metadata})
	}
	if method := s.Customers.ReadPaymentMethod(sent, "default_payment_method"); method != nil {
		phase.Method = method.ID
	}
	if sent.Has("start_date") {
		if given := s.readMoment(sent, "start_date"); !given.Equal(start) {
			sent.Fail(api.Invalid(sent.Name("start_date"), "The start of this phase must be %d, where what comes before it ends.",
				start.Unix()))
		}
	}
	phase.End = s.readPhaseEnd(sent, phase.Start, items[0].Price)
	if phase.TrialEnd = sent.Time("trial_end"); sent.Boolean("trial", false) {
		phase.TrialEnd = phase.End
	}
	return phase
}

// readMoment reads a time or "now".
func (s *Billing) readMoment(p api.Params, field string) time.Time {
	if p.Text(field) == "now" {
		return s.Now()
	}
	return p.Time(field)
}

// readPhaseEnd reads end_date, duration or iterations. Without them a phase
// lasts one interval of its first price.
func (s *Billing) readPhaseEnd(sent api.Params, start time.Time, price *state.Price) time.Time {
	switch {
	case sent.Has("end_date"):
		end := s.readMoment(sent, "end_date")
		if !end.After(start) {
			sent.Fail(api.Invalid(sent.Name("end_date"), "A phase must end after it starts."))
		}
		return end
	case sent.Has("duration"):
		duration := sent.Sub("duration").Only("interval", "interval_count")
		interval, count := catalog.ReadInterval(duration)
		return state.After(start, start, interval, count)
	case sent.Has("iterations"):
		return state.After(start, start, price.Interval, price.Count()*max(1, sent.Integer("iterations", 1)))
	}
	return state.After(start, start, price.Interval, price.Count())
}

// readDefaults reads default_settings.
func (s *Billing) readDefaults(p api.Params, schedule *state.Schedule) {
	if !p.Has("default_settings") {
		return
	}
	sent := p.Sub("default_settings").Only("billing_cycle_anchor", "collection_method", "default_payment_method",
		"description", "invoice_settings", "automatic_tax")
	sent.Enum("billing_cycle_anchor", "automatic", "automatic")
	settings := sent.Sub("invoice_settings").Only("days_until_due", "description", "footer", "issuer", "account_tax_ids",
		"custom_fields")
	schedule.CollectionMethod = sent.Enum("collection_method", schedule.CollectionMethod, "charge_automatically",
		"send_invoice")
	schedule.DaysUntilDue = settings.Integer("days_until_due", schedule.DaysUntilDue)
	schedule.Description = sent.TextOr("description", schedule.Description)
	if method := s.Customers.ReadPaymentMethod(sent, "default_payment_method"); method != nil {
		schedule.DefaultPaymentMethod = method.ID
	}
}
