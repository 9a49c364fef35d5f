package state

import (
	"maps"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// PortalSession is one customer's visit to the portal. It never expires.
// (Stripe's link works for five minutes, then for an hour after the last
// visit.)
type PortalSession struct {
	ID            string      `json:"id"`
	Created       time.Time   `json:"created"`
	Customer      string      `json:"customer"`
	Configuration string      `json:"configuration"`
	ReturnURL     string      `json:"return_url"`
	Locale        string      `json:"locale"`
	Flow          *PortalFlow `json:"flow"`
}

// Key is the id.
func (p *PortalSession) Key() string { return p.ID }

// Allows reports whether customers may change a price or a quantity, or apply a
// promotion code.
func (u PortalUpdate) Allows(what string) bool { return slices.Contains(u.Allowed, what) }

// RefuseQuantity returns the error for a quantity that the configuration does
// not allow, or nil.
func (p PortalProduct) RefuseQuantity(wanted int64) *api.Error {
	switch {
	case !p.Quantity:
		return api.Invalid("", "The portal configuration does not allow customers to change the quantity of this product.")
	case wanted < p.Minimum:
		return api.Invalid("", "The quantity must be at least %d.", p.Minimum)
	case p.Maximum > 0 && wanted > p.Maximum:
		return api.Invalid("", "The quantity must be at most %d.", p.Maximum)
	}
	return nil
}

// PortalConfiguration is what a portal shows and allows.
type PortalConfiguration struct {
	ID        string            `json:"id"`
	Created   time.Time         `json:"created"`
	Updated   time.Time         `json:"updated"`
	Active    bool              `json:"active"`
	IsDefault bool              `json:"is_default"`
	Name      string            `json:"name"`
	ReturnURL string            `json:"default_return_url"`
	Headline  string            `json:"headline"`
	Privacy   string            `json:"privacy_policy_url"`
	Terms     string            `json:"terms_of_service_url"`
	LoginPage bool              `json:"login_page"`
	Features  PortalFeatures    `json:"features"`
	Metadata  map[string]string `json:"metadata"`
}

// Key is the id.
func (p *PortalConfiguration) Key() string { return p.ID }

// Clone returns a copy that shares no slices or maps.
func (p *PortalConfiguration) Clone() PortalConfiguration {
	copied := *p
	copied.Metadata, copied.Features = maps.Clone(p.Metadata), p.Features.clone()
	return copied
}

// PortalFeatures are the actions that a portal offers customers.
type PortalFeatures struct {
	CustomerUpdate      bool         `json:"customer_update"`
	CustomerFields      []string     `json:"customer_fields"` // address, email, name, phone, shipping, tax_id
	InvoiceHistory      bool         `json:"invoice_history"`
	PaymentMethodUpdate bool         `json:"payment_method_update"`
	Cancel              PortalCancel `json:"cancel"`
	Update              PortalUpdate `json:"update"`
}

// PortalCancel is how customers cancel subscriptions.
type PortalCancel struct {
	Enabled       bool     `json:"enabled"`
	Mode          string   `json:"mode"`      // at_period_end, immediately
	Proration     string   `json:"proration"` // none, create_prorations
	ReasonEnabled bool     `json:"reason_enabled"`
	Reasons       []string `json:"reasons"`
}

// PortalUpdate is how customers change subscriptions.
type PortalUpdate struct {
	Enabled       bool            `json:"enabled"`
	Allowed       []string        `json:"allowed"` // price, quantity
	Products      []PortalProduct `json:"products"`
	Proration     string          `json:"proration"`      // always_invoice, create_prorations, none
	Conditions    []string        `json:"conditions"`     // for scheduling: decreasing_item_amount, shortening_interval
	TrialBehavior string          `json:"trial_behavior"` // continue_trial, end_trial
	Anchor        string          `json:"anchor"`         // now, unchanged, "" for unchanged
}

// PortalProduct is a product that customers can switch to.
type PortalProduct struct {
	Product  string   `json:"product"`
	Prices   []string `json:"prices"`
	Quantity bool     `json:"quantity"` // adjustable
	Minimum  int64    `json:"minimum"`
	Maximum  int64    `json:"maximum"` // 0: no limit
}

func (f PortalFeatures) clone() PortalFeatures {
	f.CustomerFields = slices.Clone(f.CustomerFields)
	f.Cancel.Reasons = slices.Clone(f.Cancel.Reasons)
	f.Update.Allowed = slices.Clone(f.Update.Allowed)
	f.Update.Conditions = slices.Clone(f.Update.Conditions)
	f.Update.Products = slices.Clone(f.Update.Products)
	return f
}

// Show shows the features.
func (f PortalFeatures) Show() api.Object {
	update := api.Object{"billing_cycle_anchor": api.OrNull(f.Update.Anchor),
		"default_allowed_updates": api.Texts(f.Update.Allowed), "enabled": f.Update.Enabled,
		"proration_behavior": f.Update.Proration, "trial_update_behavior": f.Update.TrialBehavior}
	conditions := make([]any, len(f.Update.Conditions))
	for i, condition := range f.Update.Conditions {
		conditions[i] = api.Object{"type": condition}
	}
	update["schedule_at_period_end"] = api.Object{"conditions": conditions}
	products := make([]any, len(f.Update.Products))
	for i, product := range f.Update.Products {
		var maximum any
		if product.Maximum > 0 {
			maximum = product.Maximum
		}
		products[i] = api.Object{"adjustable_quantity": api.Object{"enabled": product.Quantity, "maximum": maximum,
			"minimum": product.Minimum},
			"prices": api.Texts(product.Prices), "product": product.Product}
	}
	update["products"] = products
	return api.Object{
		"customer_update":       api.Object{"allowed_updates": api.Texts(f.CustomerFields), "enabled": f.CustomerUpdate},
		"invoice_history":       api.Object{"enabled": f.InvoiceHistory},
		"payment_method_update": api.Object{"enabled": f.PaymentMethodUpdate, "payment_method_configuration": nil},
		"subscription_cancel": api.Object{"cancellation_reason": api.Object{"enabled": f.Cancel.ReasonEnabled,
			"feedback_options": nil, "options": api.Texts(f.Cancel.Reasons)},
			"enabled": f.Cancel.Enabled, "mode": f.Cancel.Mode, "proration_behavior": f.Cancel.Proration},
		"subscription_update": update,
	}
}

// PortalFlow takes a customer straight to one action.
type PortalFlow struct {
	Type         string           `json:"type"`
	Subscription string           `json:"subscription"` // "" for customer_update and payment_method_update
	Items        []PortalFlowItem `json:"items"`        // for subscription_update_confirm
	After        string           `json:"after"`        // hosted_confirmation, portal_homepage, redirect
	Message      string           `json:"message"`      // for hosted_confirmation
	ReturnURL    string           `json:"return_url"`   // for redirect
	Done         bool             `json:"done"`
}

// PortalFlowItem is the new price and quantity of an item.
type PortalFlowItem struct {
	ID       string `json:"id"`
	Price    string `json:"price"`
	Quantity int64  `json:"quantity"`
}

// Show shows the flow; nil is null.
func (f *PortalFlow) Show() any {
	if f == nil {
		return nil
	}
	shown := api.Object{"type": f.Type, "customer_update": nil, "subscription_cancel": nil, "subscription_update": nil,
		"subscription_update_confirm": nil}
	after := api.Object{"type": f.After, "hosted_confirmation": nil, "redirect": nil}
	switch f.After {
	case "hosted_confirmation":
		after["hosted_confirmation"] = api.Object{"custom_message": api.OrNull(f.Message)}
	case "redirect":
		after["redirect"] = api.Object{"return_url": f.ReturnURL}
	}
	shown["after_completion"] = after
	switch f.Type {
	case "customer_update":
		shown["customer_update"] = api.Object{}
	case "subscription_cancel":
		shown["subscription_cancel"] = api.Object{"retention": nil, "subscription": f.Subscription}
	case "subscription_update":
		shown["subscription_update"] = api.Object{"subscription": f.Subscription}
	case "subscription_update_confirm":
		items := make([]any, len(f.Items))
		for i, item := range f.Items {
			items[i] = api.Object{"id": item.ID, "price": item.Price, "quantity": item.Quantity}
		}
		shown["subscription_update_confirm"] = api.Object{"discounts": nil, "items": items, "subscription": f.Subscription}
	}
	return shown
}
