package billing

import (
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// readTrial reads trial_end or trial_period_days. The zero time means no trial.
func (s *Billing) readTrial(p api.Params) time.Time {
	if p.Has("trial_end") && p.Has("trial_period_days") {
		p.Fail(api.Malformed("", "trial_end", "You may only specify one of these parameters: trial_end, trial_period_days."))
	}
	if p.Text("trial_end") == "now" {
		return time.Time{}
	}
	if days := p.Integer("trial_period_days", 0); days != 0 {
		if days < 1 || days > 730 {
			p.Fail(api.Invalid("trial_period_days", "trial_period_days must be between 1 and 730."))
		}
		return s.Now().Add(time.Duration(days) * 24 * time.Hour)
	}
	end := p.Time("trial_end")
	if !end.IsZero() && (!end.After(s.Now()) || end.After(s.Now().AddDate(2, 0, 0))) {
		p.Fail(api.Invalid("trial_end", "trial_end must be a timestamp in the future, at most two years from now."))
	}
	return end
}

// ReadTrialEnd reads trial_settings[end_behavior][missing_payment_method].
func ReadTrialEnd(p api.Params) string {
	if !p.Has("trial_settings") {
		return ""
	}
	return p.Sub("trial_settings").Only("end_behavior").Sub("end_behavior").Only("missing_payment_method").
		Enum("missing_payment_method", "create_invoice", "create_invoice", "cancel", "pause")
}

func readProration(p api.Params) string {
	return p.Enum("proration_behavior", "create_prorations", "create_prorations", "always_invoice", "none")
}

func readPaymentBehavior(p api.Params) string {
	return p.Enum("payment_behavior", "allow_incomplete", "allow_incomplete", "default_incomplete", "error_if_incomplete",
		"pending_if_incomplete")
}

// ReadBillingMode reads billing_mode.
func ReadBillingMode(p api.Params) string {
	mode := p.Sub("billing_mode").Only("type", "flexible")
	flexible := mode.Sub("flexible").Only("proration_discounts")
	flexible.Enum("proration_discounts", "included", "included", "itemized") // equal without discounts
	return mode.Enum("type", "flexible", "flexible", "classic")
}

// readCollection reads how invoices are collected. Sent invoices require
// days_until_due.
func readCollection(p api.Params, method string, days int64) (string, int64) {
	method = p.Enum("collection_method", method, "charge_automatically", "send_invoice")
	days = p.Integer("days_until_due", days)
	switch {
	case method == "send_invoice" && days <= 0 && !p.Has("days_until_due"):
		p.Fail(api.Invalid("days_until_due", "You must pass `days_until_due` when `collection_method` is `send_invoice`."))
	case method != "send_invoice" && p.Has("days_until_due"):
		p.Fail(api.Invalid("days_until_due", "You can only specify `days_until_due` if `collection_method` is `send_invoice`."))
	case method != "send_invoice":
		days = 0
	}
	return method, days
}

// readPaymentSettings reads whether a payment's method becomes the
// subscription's default. Other settings have no effect; only the payment
// method counts.
func readPaymentSettings(p api.Params, saved bool) bool {
	settings := p.Sub("payment_settings").Only("save_default_payment_method", "payment_method_types",
		"payment_method_options")
	fallback := map[bool]string{true: "on_subscription", false: "off"}[saved]
	return settings.Enum("save_default_payment_method", fallback, "off", "on_subscription") == "on_subscription"
}

// readExtraItems reads add_invoice_items: one-time prices for the next invoice.
func (s *Billing) readExtraItems(p api.Params) []state.InvoiceItem {
	var extra []state.InvoiceItem
	for _, sent := range p.List("add_invoice_items") {
		sent.Only("price", "price_data", "quantity", "metadata", "discountable")
		price := s.readOneTimePrice(sent)
		if price == nil {
			return nil
		}
		item := state.InvoiceItem{Price: price.ID, Quantity: readQuantity(sent, 1), Currency: price.Currency,
			Discountable: sent.Boolean("discountable", true), Metadata: sent.Metadata(nil), PeriodStart: s.Now(),
			PeriodEnd: s.Now()}
		item.Amount = price.Amount * item.Quantity
		extra = append(extra, item)
	}
	return extra
}

// readCancel reads both encodings of a scheduled end.
func (s *Billing) readCancel(p api.Params, sub *state.Subscription) {
	if p.Has("cancel_at_period_end") && p.Text("cancel_at") != "" {
		p.Fail(api.Malformed("", "cancel_at", "You may only specify one of these parameters: cancel_at_period_end, cancel_at."))
	}
	switch {
	case p.Has("cancel_at_period_end"):
		atPeriodEnd := p.Boolean("cancel_at_period_end", false)
		if atPeriodEnd && !sub.PeriodEnd().Equal(sub.LastPeriodEnd()) {
			p.Fail(api.Invalid("cancel_at_period_end", "Items with different billing intervals have no common period end: use cancel_at=min_period_end or max_period_end."))
		}
		if atPeriodEnd || !sub.CancelAt.IsZero() {
			s.ScheduleCancel(sub, atPeriodEnd, time.Time{})
		}
	case p.Has("cancel_at"):
		s.ScheduleCancel(sub, false, s.readCancelAt(p, sub))
	}
}

func (s *Billing) readCancelAt(p api.Params, sub *state.Subscription) time.Time {
	switch p.Text("cancel_at") {
	case "":
		return time.Time{}
	case "min_period_end":
		return sub.PeriodEnd()
	case "max_period_end":
		return sub.LastPeriodEnd()
	}
	at := p.Time("cancel_at")
	if !at.After(s.Now()) {
		p.Fail(api.Invalid("cancel_at", "`cancel_at` must be a timestamp in the future."))
	}
	return at
}

// readCancellation reads cancellation_details.
func readCancellation(p api.Params, sub *state.Subscription) {
	details := p.Sub("cancellation_details").Only("comment", "feedback")
	sub.CancelComment = details.TextOr("comment", sub.CancelComment)
	if details.Has("feedback") {
		sub.CancelFeedback = details.Enum("feedback", "", "customer_service", "low_quality", "missing_features", "other",
			"switched_service", "too_complex", "too_expensive", "unused")
	}
}

// onlyAllowed reports whether a request has no other parameters than the named
// ones.
func onlyAllowed(p api.Params, names ...string) bool {
	return !slices.ContainsFunc(p.At.Order, func(name string) bool {
		return !slices.Contains(append(names, "expand"), name)
	})
}
