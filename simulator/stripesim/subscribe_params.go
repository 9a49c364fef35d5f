package stripesim

import (
	"slices"
	"time"
)

// readTrial reads trial_end or trial_period_days; the zero time is no trial.
func (s *Stripe) readTrial(p params) time.Time {
	if p.has("trial_end") && p.has("trial_period_days") {
		p.fail(malformed("", "trial_end", "You may only specify one of these parameters: trial_end, trial_period_days."))
	}
	if p.text("trial_end") == "now" {
		return time.Time{}
	}
	if days := p.integer("trial_period_days", 0); days != 0 {
		if days < 1 || days > 730 {
			p.fail(invalid("trial_period_days", "trial_period_days must be between 1 and 730."))
		}
		return s.now().Add(time.Duration(days) * 24 * time.Hour)
	}
	end := p.time("trial_end")
	if !end.IsZero() && (!end.After(s.now()) || end.After(s.now().AddDate(2, 0, 0))) {
		p.fail(invalid("trial_end", "trial_end must be a timestamp in the future, at most two years from now."))
	}
	return end
}

func readTrialEnd(p params) string {
	if !p.has("trial_settings") {
		return ""
	}
	return p.sub("trial_settings").only("end_behavior").sub("end_behavior").only("missing_payment_method").
		enum("missing_payment_method", "create_invoice", "create_invoice", "cancel", "pause")
}

func readProration(p params) string {
	return p.enum("proration_behavior", "create_prorations", "create_prorations", "always_invoice", "none")
}

func readPaymentBehavior(p params) string {
	return p.enum("payment_behavior", "allow_incomplete", "allow_incomplete", "default_incomplete", "error_if_incomplete",
		"pending_if_incomplete")
}

func readBillingMode(p params) string {
	mode := p.sub("billing_mode").only("type", "flexible")
	flexible := mode.sub("flexible").only("proration_discounts")
	flexible.enum("proration_discounts", "included", "included", "itemized") // without discounts they are the same
	return mode.enum("type", "flexible", "flexible", "classic")
}

// readCollection reads how invoices are collected. Those that are sent need days_until_due.
func readCollection(p params, method string, days int64) (string, int64) {
	method = p.enum("collection_method", method, "charge_automatically", "send_invoice")
	days = p.integer("days_until_due", days)
	switch {
	case method == "send_invoice" && days <= 0 && !p.has("days_until_due"):
		p.fail(invalid("days_until_due", "You must pass `days_until_due` when `collection_method` is `send_invoice`."))
	case method != "send_invoice" && p.has("days_until_due"):
		p.fail(invalid("days_until_due", "You can only specify `days_until_due` if `collection_method` is `send_invoice`."))
	case method != "send_invoice":
		days = 0
	}
	return method, days
}

// readPaymentSettings reads whether the method of a payment becomes the
// subscription's default. The other settings have no effect: the method decides.
func readPaymentSettings(p params, saved bool) bool {
	settings := p.sub("payment_settings").only("save_default_payment_method", "payment_method_types",
		"payment_method_options")
	fallback := map[bool]string{true: "on_subscription", false: "off"}[saved]
	return settings.enum("save_default_payment_method", fallback, "off", "on_subscription") == "on_subscription"
}

// readExtraItems reads add_invoice_items: one-time prices for the next invoice.
func (s *Stripe) readExtraItems(p params) []InvoiceItem {
	var extra []InvoiceItem
	for _, sent := range p.list("add_invoice_items") {
		sent.only("price", "price_data", "quantity", "metadata", "discountable")
		price := s.readOneTimePrice(sent)
		if price == nil {
			return nil
		}
		item := InvoiceItem{Price: price.ID, Quantity: readQuantity(sent, 1), Currency: price.Currency,
			Discountable: sent.boolean("discountable", true),
			Metadata:     sent.metadata(nil), PeriodStart: s.now(), PeriodEnd: s.now()}
		item.Amount = price.Amount * item.Quantity
		extra = append(extra, item)
	}
	return extra
}

// readCancel reads both encodings of a scheduled end.
func (s *Stripe) readCancel(p params, sub *Subscription) {
	if p.has("cancel_at_period_end") && p.text("cancel_at") != "" {
		p.fail(malformed("", "cancel_at", "You may only specify one of these parameters: cancel_at_period_end, cancel_at."))
	}
	switch {
	case p.has("cancel_at_period_end"):
		atPeriodEnd := p.boolean("cancel_at_period_end", false)
		if atPeriodEnd && !sub.PeriodEnd().Equal(sub.lastPeriodEnd()) {
			p.fail(invalid("cancel_at_period_end", "Items with different billing intervals have no common period end: use cancel_at=min_period_end or max_period_end."))
		}
		if atPeriodEnd || !sub.CancelAt.IsZero() {
			s.scheduleCancel(sub, atPeriodEnd, time.Time{})
		}
	case p.has("cancel_at"):
		s.scheduleCancel(sub, false, s.readCancelAt(p, sub))
	}
}

func (s *Stripe) readCancelAt(p params, sub *Subscription) time.Time {
	switch p.text("cancel_at") {
	case "":
		return time.Time{}
	case "min_period_end":
		return sub.PeriodEnd()
	case "max_period_end":
		return sub.lastPeriodEnd()
	}
	at := p.time("cancel_at")
	if !at.After(s.now()) {
		p.fail(invalid("cancel_at", "`cancel_at` must be a timestamp in the future."))
	}
	return at
}

// readCancellation reads cancellation_details.
func readCancellation(p params, sub *Subscription) {
	details := p.sub("cancellation_details").only("comment", "feedback")
	sub.CancelComment = details.textOr("comment", sub.CancelComment)
	if details.has("feedback") {
		sub.CancelFeedback = details.enum("feedback", "", "customer_service", "low_quality", "missing_features", "other",
			"switched_service", "too_complex", "too_expensive", "unused")
	}
}

// onlyAllowed says whether a request names no other parameters than these.
func onlyAllowed(p params, names ...string) bool {
	return !slices.ContainsFunc(p.at.order, func(name string) bool {
		return !slices.Contains(append(names, "expand"),
			name)
	})
}
