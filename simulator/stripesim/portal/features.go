package portal

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

var (
	customerFields = []string{"address", "email", "name", "phone", "shipping", "tax_id"}
	cancelReasons  = []string{"customer_service", "low_quality", "missing_features", "other", "switched_service",
		"too_complex", "too_expensive", "unused"}
	// defaultReasons are the reasons in Stripe's reference for a configuration
	// without any.
	defaultReasons = []string{"too_expensive", "missing_features", "switched_service", "unused", "other"}
)

// noFeatures returns the features of a new configuration before its parameters
// are read.
func noFeatures() state.PortalFeatures {
	return state.PortalFeatures{Cancel: state.PortalCancel{Mode: "at_period_end", Proration: "none",
		Reasons: slices.Clone(defaultReasons)},
		Update: state.PortalUpdate{Proration: "none", TrialBehavior: "end_trial"}}
}

// readFeatures applies features[…]. Features that were not sent stay the
// same. On creation (create), each one that is sent must have enabled, as at
// Stripe.
func (s *Portal) readFeatures(p api.Params, features *state.PortalFeatures, create bool) {
	p.Only("customer_update", "invoice_history", "payment_method_update", "subscription_cancel", "subscription_update")
	enabled := func(of api.Params, old bool) bool {
		if create {
			of.Required("enabled")
		}
		return of.Boolean("enabled", old)
	}
	if p.Has("customer_update") {
		customer := p.Sub("customer_update")
		customer.Only("enabled", "allowed_updates")
		features.CustomerUpdate = enabled(customer, features.CustomerUpdate)
		features.CustomerFields = customer.Enums("allowed_updates", features.CustomerFields, customerFields)
	}
	if p.Has("invoice_history") {
		invoices := p.Sub("invoice_history")
		invoices.Only("enabled")
		features.InvoiceHistory = enabled(invoices, features.InvoiceHistory)
	}
	if p.Has("payment_method_update") {
		methods := p.Sub("payment_method_update")
		methods.Only("enabled", "payment_method_configuration")
		if methods.Text("payment_method_configuration") != "" {
			p.Fail(api.Malformed("", methods.Name("payment_method_configuration"),
				"Payment method configurations are not simulated."))
		}
		features.PaymentMethodUpdate = enabled(methods, features.PaymentMethodUpdate)
	}
	if p.Has("subscription_cancel") {
		cancel := p.Sub("subscription_cancel")
		cancel.Only("enabled", "mode", "proration_behavior", "cancellation_reason")
		features.Cancel.Enabled = enabled(cancel, features.Cancel.Enabled)
		readPortalCancel(cancel, &features.Cancel, create)
	}
	if p.Has("subscription_update") {
		update := p.Sub("subscription_update")
		update.Only("enabled", "default_allowed_updates", "products", "proration_behavior", "schedule_at_period_end",
			"trial_update_behavior", "billing_cycle_anchor")
		features.Update.Enabled = enabled(update, features.Update.Enabled)
		s.readPortalUpdate(update, &features.Update)
	}
	if features.Update.Enabled && !features.PaymentMethodUpdate {
		p.Fail(api.Invalid("", "Cannot enable subscription updates while payment method update is disabled."))
	}
}

func readPortalCancel(p api.Params, to *state.PortalCancel, create bool) {
	to.Mode = p.Enum("mode", to.Mode, "at_period_end", "immediately")
	to.Proration = p.Enum("proration_behavior", to.Proration, "none", "create_prorations", "always_invoice")
	switch {
	case to.Proration == "always_invoice":
		p.Fail(api.Invalid(p.Name("proration_behavior"), "The portal cannot invoice at once when a subscription is canceled. Use `none` or `create_prorations`."))
	case to.Proration == "create_prorations" && to.Mode == "at_period_end":
		p.Fail(api.Invalid(p.Name("proration_behavior"), "`create_prorations` is only compatible with `mode=immediately`."))
	}
	if !p.Has("cancellation_reason") {
		return
	}
	reason := p.Sub("cancellation_reason")
	reason.Only("enabled", "options", "feedback_options")
	if reason.Has("feedback_options") {
		p.Fail(api.Malformed("", reason.Name("feedback_options"), "Custom feedback options are not simulated."))
	}
	reason.Required("enabled")
	to.ReasonEnabled = reason.Boolean("enabled", to.ReasonEnabled)
	if create && !reason.Has("options") {
		p.Fail(api.MissingParam(reason.Name("options")))
	}
	to.Reasons = reason.Enums("options", to.Reasons, cancelReasons)
}

func (s *Portal) readPortalUpdate(p api.Params, to *state.PortalUpdate) {
	to.Allowed = p.Enums("default_allowed_updates", to.Allowed, []string{"price", "promotion_code", "quantity"})
	if slices.Contains(to.Allowed, "promotion_code") {
		p.Fail(api.Malformed("", p.Name("default_allowed_updates"), "Promotion codes in the portal are not simulated."))
	}
	to.Proration = p.Enum("proration_behavior", to.Proration, "always_invoice", "create_prorations", "none")
	to.TrialBehavior = p.Enum("trial_update_behavior", to.TrialBehavior, "continue_trial", "end_trial")
	to.Anchor = p.Enum("billing_cycle_anchor", to.Anchor, "now", "unchanged")
	if p.Has("schedule_at_period_end") {
		schedule := p.Sub("schedule_at_period_end")
		schedule.Only("conditions")
		if schedule.Has("conditions") {
			to.Conditions = nil
		}
		for _, condition := range schedule.List("conditions") {
			condition.Only("type")
			condition.Required("type")
			to.Conditions = append(to.Conditions, condition.Enum("type", "", "decreasing_item_amount", "shortening_interval"))
		}
	}
	if p.Has("products") {
		to.Products = nil
		for _, sent := range p.List("products") {
			to.Products = append(to.Products, s.readPortalProduct(sent, slices.Contains(to.Allowed, "quantity")))
		}
	}
	switch {
	case len(to.Products) > 10:
		p.Fail(api.Invalid(p.Name("products"), "You can list up to 10 products that support subscription updates."))
	case to.Enabled && len(to.Allowed) == 0:
		p.Fail(api.MissingParam(p.Name("default_allowed_updates")))
	case to.Enabled && len(to.Products) == 0:
		p.Fail(api.MissingParam(p.Name("products")))
	}
}

// readPortalProduct reads one product. If it does not say whether its quantity
// can change, adjustable decides.
func (s *Portal) readPortalProduct(p api.Params, adjustable bool) state.PortalProduct {
	p.Only("product", "prices", "adjustable_quantity")
	product := state.PortalProduct{Product: p.Required("product"), Prices: p.Texts("prices"), Quantity: adjustable,
		Minimum: 1}
	if s.State.Products.Get(product.Product) == nil {
		p.Fail(api.NoSuch("product", product.Product, p.Name("product")))
	}
	if len(product.Prices) == 0 {
		p.Fail(api.MissingParam(p.Name("prices")))
	}
	for _, id := range product.Prices {
		switch price := s.State.Prices.Get(id); {
		case price == nil:
			p.Fail(api.NoSuch("price", id, p.Name("prices")))
		case price.Product != product.Product:
			p.Fail(api.Invalid(p.Name("prices"), "The price `%s` does not belong to the product `%s`.", id, product.Product))
		case !price.Recurring():
			p.Fail(api.Invalid(p.Name("prices"), "The price `%s` is set to `type=one_time` but this field only accepts prices with `type=recurring`.", id))
		}
	}
	if p.Has("adjustable_quantity") {
		quantity := p.Sub("adjustable_quantity")
		quantity.Only("enabled", "minimum", "maximum")
		quantity.Required("enabled")
		product.Quantity = quantity.Boolean("enabled", false)
		product.Minimum, product.Maximum = quantity.Integer("minimum", 1), quantity.Integer("maximum", 0)
		if product.Minimum < 0 || product.Maximum < 0 || product.Maximum > 0 && product.Maximum < product.Minimum {
			p.Fail(api.Invalid(quantity.Name("maximum"), "The maximum quantity must not be less than the minimum."))
		}
	}
	return product
}
