package stripesim

import "time"

// readPhases reads phases one after the other. The first begins at first unless
// it says otherwise.
func (s *Stripe) readPhases(p params, first time.Time, flexible bool) []Phase {
	var phases []Phase
	start := first
	for _, sent := range p.list("phases") {
		phase := s.readPhase(sent, start, flexible)
		if p.failed() != nil {
			return nil
		}
		phases = append(phases, phase)
		start = phase.End
	}
	if len(phases) == 0 {
		p.fail(missingParam("phases"))
	}
	return phases
}

// readPhase reads one phase. iterations is the older name of a duration in
// billing intervals; Stripe's CLI still sends it.
func (s *Stripe) readPhase(sent params, start time.Time, flexible bool) Phase {
	sent.only("items", "start_date", "end_date", "duration", "iterations", "proration_behavior", "trial", "trial_end",
		"description",
		"default_payment_method", "metadata", "currency", "billing_cycle_anchor", "collection_method")
	sent.enum("billing_cycle_anchor", "automatic", "automatic")
	phase := Phase{Start: start, Proration: readProration(sent), Description: sent.text("description"),
		Metadata: sent.metadata(nil)}
	items := s.readSubscriptionItems(sent, "items", flexible)
	if sent.failed() != nil {
		return phase
	}
	for _, item := range items {
		phase.Items = append(phase.Items, PhaseItem{Price: item.price.ID, Quantity: item.quantity, Metadata: item.metadata})
	}
	if method := s.readPaymentMethod(sent, "default_payment_method"); method != nil {
		phase.Method = method.ID
	}
	if sent.has("start_date") {
		if given := s.readMoment(sent, "start_date"); !given.Equal(start) {
			sent.fail(invalid(sent.name("start_date"), "The start of this phase must be %d, where what comes before it ends.",
				start.Unix()))
		}
	}
	phase.End = s.readPhaseEnd(sent, phase.Start, items[0].price)
	if phase.TrialEnd = sent.time("trial_end"); sent.boolean("trial", false) {
		phase.TrialEnd = phase.End
	}
	return phase
}

// readMoment reads a time, or "now".
func (s *Stripe) readMoment(p params, field string) time.Time {
	if p.text(field) == "now" {
		return s.now()
	}
	return p.time(field)
}

// readPhaseEnd reads end_date, duration or iterations; without any of them a
// phase lasts one interval of its first price.
func (s *Stripe) readPhaseEnd(sent params, start time.Time, price *Price) time.Time {
	switch {
	case sent.has("end_date"):
		end := s.readMoment(sent, "end_date")
		if !end.After(start) {
			sent.fail(invalid(sent.name("end_date"), "A phase must end after it starts."))
		}
		return end
	case sent.has("duration"):
		duration := sent.sub("duration").only("interval", "interval_count")
		interval, count := readInterval(duration)
		return after(start, start, interval, count)
	case sent.has("iterations"):
		return after(start, start, price.Interval, price.count()*max(1, sent.integer("iterations", 1)))
	}
	return after(start, start, price.Interval, price.count())
}

// readDefaults reads default_settings.
func (s *Stripe) readDefaults(p params, schedule *Schedule) {
	if !p.has("default_settings") {
		return
	}
	sent := p.sub("default_settings").only("billing_cycle_anchor", "collection_method", "default_payment_method",
		"description", "invoice_settings", "automatic_tax")
	sent.enum("billing_cycle_anchor", "automatic", "automatic")
	settings := sent.sub("invoice_settings").only("days_until_due", "description", "footer", "issuer", "account_tax_ids",
		"custom_fields")
	schedule.CollectionMethod = sent.enum("collection_method", schedule.CollectionMethod, "charge_automatically",
		"send_invoice")
	schedule.DaysUntilDue = settings.integer("days_until_due", schedule.DaysUntilDue)
	schedule.Description = sent.textOr("description", schedule.Description)
	if method := s.readPaymentMethod(sent, "default_payment_method"); method != nil {
		schedule.DefaultPaymentMethod = method.ID
	}
}
