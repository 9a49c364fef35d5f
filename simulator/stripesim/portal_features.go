package stripesim

import (
	"slices"
	"strings"
)

// PortalFeatures is what a portal configuration lets customers do.
type PortalFeatures struct {
	CustomerUpdate      bool         `json:"customer_update"`
	CustomerFields      []string     `json:"customer_fields"` // address, email, name, phone, shipping, tax_id
	InvoiceHistory      bool         `json:"invoice_history"`
	PaymentMethodUpdate bool         `json:"payment_method_update"`
	Cancel              PortalCancel `json:"cancel"`
	Update              PortalUpdate `json:"update"`
}

// PortalCancel is how subscriptions are canceled in the portal.
type PortalCancel struct {
	Enabled       bool     `json:"enabled"`
	Mode          string   `json:"mode"`      // at_period_end, immediately
	Proration     string   `json:"proration"` // none, create_prorations
	ReasonEnabled bool     `json:"reason_enabled"`
	Reasons       []string `json:"reasons"`
}

// PortalUpdate is how subscriptions are changed in the portal.
type PortalUpdate struct {
	Enabled       bool            `json:"enabled"`
	Allowed       []string        `json:"allowed"` // price, quantity
	Products      []PortalProduct `json:"products"`
	Proration     string          `json:"proration"`      // always_invoice, create_prorations, none
	Conditions    []string        `json:"conditions"`     // of scheduling: decreasing_item_amount, shortening_interval
	TrialBehavior string          `json:"trial_behavior"` // continue_trial, end_trial
	Anchor        string          `json:"anchor"`         // now, unchanged, "" for unchanged
}

// PortalProduct is a product that subscriptions can be changed to.
type PortalProduct struct {
	Product  string   `json:"product"`
	Prices   []string `json:"prices"`
	Quantity bool     `json:"quantity"` // adjustable
	Minimum  int64    `json:"minimum"`
	Maximum  int64    `json:"maximum"` // 0 is no limit
}

func (f PortalFeatures) clone() PortalFeatures {
	f.CustomerFields = slices.Clone(f.CustomerFields)
	f.Cancel.Reasons = slices.Clone(f.Cancel.Reasons)
	f.Update.Allowed = slices.Clone(f.Update.Allowed)
	f.Update.Conditions = slices.Clone(f.Update.Conditions)
	f.Update.Products = slices.Clone(f.Update.Products)
	return f
}

var (
	customerFields = []string{"address", "email", "name", "phone", "shipping", "tax_id"}
	cancelReasons  = []string{"customer_service", "low_quality", "missing_features", "other", "switched_service",
		"too_complex", "too_expensive", "unused"}
	// defaultReasons are what Stripe's reference shows for a configuration that names none.
	defaultReasons = []string{"too_expensive", "missing_features", "switched_service", "unused", "other"}
)

// noFeatures is what a new configuration has before its parameters are read.
func noFeatures() PortalFeatures {
	return PortalFeatures{Cancel: PortalCancel{Mode: "at_period_end", Proration: "none",
		Reasons: slices.Clone(defaultReasons)},
		Update: PortalUpdate{Proration: "none", TrialBehavior: "end_trial"}}
}

// readFeatures applies features[…] to what there was. A feature that is not sent
// stays as it is. create says that a feature that is sent must say whether it is
// enabled, as Stripe asks at creation only.
func (s *Stripe) readFeatures(p params, features *PortalFeatures, create bool) {
	p.only("customer_update", "invoice_history", "payment_method_update", "subscription_cancel", "subscription_update")
	enabled := func(of params, old bool) bool {
		if create {
			of.required("enabled")
		}
		return of.boolean("enabled", old)
	}
	if p.has("customer_update") {
		customer := p.sub("customer_update")
		customer.only("enabled", "allowed_updates")
		features.CustomerUpdate = enabled(customer, features.CustomerUpdate)
		features.CustomerFields = customer.enums("allowed_updates", features.CustomerFields, customerFields)
	}
	if p.has("invoice_history") {
		invoices := p.sub("invoice_history")
		invoices.only("enabled")
		features.InvoiceHistory = enabled(invoices, features.InvoiceHistory)
	}
	if p.has("payment_method_update") {
		methods := p.sub("payment_method_update")
		methods.only("enabled", "payment_method_configuration")
		if methods.text("payment_method_configuration") != "" {
			p.fail(malformed("", methods.name("payment_method_configuration"),
				"Payment method configurations are not simulated."))
		}
		features.PaymentMethodUpdate = enabled(methods, features.PaymentMethodUpdate)
	}
	if p.has("subscription_cancel") {
		cancel := p.sub("subscription_cancel")
		cancel.only("enabled", "mode", "proration_behavior", "cancellation_reason")
		features.Cancel.Enabled = enabled(cancel, features.Cancel.Enabled)
		readPortalCancel(cancel, &features.Cancel, create)
	}
	if p.has("subscription_update") {
		update := p.sub("subscription_update")
		update.only("enabled", "default_allowed_updates", "products", "proration_behavior", "schedule_at_period_end",
			"trial_update_behavior", "billing_cycle_anchor")
		features.Update.Enabled = enabled(update, features.Update.Enabled)
		s.readPortalUpdate(update, &features.Update)
	}
	if features.Update.Enabled && !features.PaymentMethodUpdate {
		p.fail(invalid("", "Cannot enable subscription updates while payment method update is disabled."))
	}
}

func readPortalCancel(p params, to *PortalCancel, create bool) {
	to.Mode = p.enum("mode", to.Mode, "at_period_end", "immediately")
	to.Proration = p.enum("proration_behavior", to.Proration, "none", "create_prorations", "always_invoice")
	switch {
	case to.Proration == "always_invoice":
		p.fail(invalid(p.name("proration_behavior"), "The portal cannot invoice at once when a subscription is canceled. Use `none` or `create_prorations`."))
	case to.Proration == "create_prorations" && to.Mode == "at_period_end":
		p.fail(invalid(p.name("proration_behavior"), "`create_prorations` is only compatible with `mode=immediately`."))
	}
	if !p.has("cancellation_reason") {
		return
	}
	reason := p.sub("cancellation_reason")
	reason.only("enabled", "options", "feedback_options")
	if reason.has("feedback_options") {
		p.fail(malformed("", reason.name("feedback_options"), "Custom feedback options are not simulated."))
	}
	reason.required("enabled")
	to.ReasonEnabled = reason.boolean("enabled", to.ReasonEnabled)
	if create && !reason.has("options") {
		p.fail(missingParam(reason.name("options")))
	}
	to.Reasons = reason.enums("options", to.Reasons, cancelReasons)
}

func (s *Stripe) readPortalUpdate(p params, to *PortalUpdate) {
	to.Allowed = p.enums("default_allowed_updates", to.Allowed, []string{"price", "promotion_code", "quantity"})
	if slices.Contains(to.Allowed, "promotion_code") {
		p.fail(malformed("", p.name("default_allowed_updates"), "Promotion codes in the portal are not simulated."))
	}
	to.Proration = p.enum("proration_behavior", to.Proration, "always_invoice", "create_prorations", "none")
	to.TrialBehavior = p.enum("trial_update_behavior", to.TrialBehavior, "continue_trial", "end_trial")
	to.Anchor = p.enum("billing_cycle_anchor", to.Anchor, "now", "unchanged")
	if p.has("schedule_at_period_end") {
		schedule := p.sub("schedule_at_period_end")
		schedule.only("conditions")
		if schedule.has("conditions") {
			to.Conditions = nil
		}
		for _, condition := range schedule.list("conditions") {
			condition.only("type")
			condition.required("type")
			to.Conditions = append(to.Conditions, condition.enum("type", "", "decreasing_item_amount", "shortening_interval"))
		}
	}
	if p.has("products") {
		to.Products = nil
		for _, sent := range p.list("products") {
			to.Products = append(to.Products, s.readPortalProduct(sent, slices.Contains(to.Allowed, "quantity")))
		}
	}
	switch {
	case len(to.Products) > 10:
		p.fail(invalid(p.name("products"), "You can list up to 10 products that support subscription updates."))
	case to.Enabled && len(to.Allowed) == 0:
		p.fail(missingParam(p.name("default_allowed_updates")))
	case to.Enabled && len(to.Products) == 0:
		p.fail(missingParam(p.name("products")))
	}
}

// readPortalProduct reads one product. Its quantity can be changed where it
// says so, and where it says nothing if quantity is an allowed update.
func (s *Stripe) readPortalProduct(p params, adjustable bool) PortalProduct {
	p.only("product", "prices", "adjustable_quantity")
	product := PortalProduct{Product: p.required("product"), Prices: p.texts("prices"), Quantity: adjustable, Minimum: 1}
	if s.state.Products.Get(product.Product) == nil {
		p.fail(noSuch("product", product.Product, p.name("product")))
	}
	if len(product.Prices) == 0 {
		p.fail(missingParam(p.name("prices")))
	}
	for _, id := range product.Prices {
		switch price := s.state.Prices.Get(id); {
		case price == nil:
			p.fail(noSuch("price", id, p.name("prices")))
		case price.Product != product.Product:
			p.fail(invalid(p.name("prices"), "The price `%s` does not belong to the product `%s`.", id, product.Product))
		case !price.recurring():
			p.fail(invalid(p.name("prices"), "The price `%s` is set to `type=one_time` but this field only accepts prices with `type=recurring`.", id))
		}
	}
	if p.has("adjustable_quantity") {
		quantity := p.sub("adjustable_quantity")
		quantity.only("enabled", "minimum", "maximum")
		quantity.required("enabled")
		product.Quantity = quantity.boolean("enabled", false)
		product.Minimum, product.Maximum = quantity.integer("minimum", 1), quantity.integer("maximum", 0)
		if product.Minimum < 0 || product.Maximum < 0 || product.Maximum > 0 && product.Maximum < product.Minimum {
			p.fail(invalid(quantity.name("maximum"), "The maximum quantity must not be less than the minimum."))
		}
	}
	return product
}

// enums reads a list of allowed words; an empty text clears it.
func (p params) enums(field string, old, allowed []string) []string {
	if !p.has(field) {
		return old
	}
	sent := p.texts(field)
	for _, text := range sent {
		if !slices.Contains(allowed, text) {
			p.fail(malformed("", p.name(field), "Invalid %s: must be one of %s", p.name(field), strings.Join(allowed, ", ")))
		}
	}
	return sent
}

func (f PortalFeatures) show() object {
	update := object{"billing_cycle_anchor": orNull(f.Update.Anchor), "default_allowed_updates": texts(f.Update.Allowed),
		"enabled":            f.Update.Enabled,
		"proration_behavior": f.Update.Proration, "trial_update_behavior": f.Update.TrialBehavior}
	conditions := make([]any, len(f.Update.Conditions))
	for i, condition := range f.Update.Conditions {
		conditions[i] = object{"type": condition}
	}
	update["schedule_at_period_end"] = object{"conditions": conditions}
	products := make([]any, len(f.Update.Products))
	for i, product := range f.Update.Products {
		var maximum any
		if product.Maximum > 0 {
			maximum = product.Maximum
		}
		products[i] = object{"adjustable_quantity": object{"enabled": product.Quantity, "maximum": maximum,
			"minimum": product.Minimum},
			"prices": texts(product.Prices), "product": product.Product}
	}
	update["products"] = products
	return object{
		"customer_update":       object{"allowed_updates": texts(f.CustomerFields), "enabled": f.CustomerUpdate},
		"invoice_history":       object{"enabled": f.InvoiceHistory},
		"payment_method_update": object{"enabled": f.PaymentMethodUpdate, "payment_method_configuration": nil},
		"subscription_cancel": object{"cancellation_reason": object{"enabled": f.Cancel.ReasonEnabled,
			"feedback_options": nil, "options": texts(f.Cancel.Reasons)},
			"enabled": f.Cancel.Enabled, "mode": f.Cancel.Mode, "proration_behavior": f.Cancel.Proration},
		"subscription_update": update,
	}
}

// texts shows a list of texts, an empty one as [].
func texts(list []string) []any {
	shown := make([]any, len(list))
	for i, text := range list {
		shown[i] = text
	}
	return shown
}
