package state

import (
	"github.com/lockstep-dev/lockstep/simulator/ordered"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
)

// State is everything a simulated Stripe remembers.
type State struct {
	Log eventlog.Log `json:"-"` // saved as SavedEvents and SavedPacks, and loaded from them

	Customers       ordered.Table[Customer, *Customer]               `json:"customers"`
	Products        ordered.Table[Product, *Product]                 `json:"products"`
	Prices          ordered.Table[Price, *Price]                     `json:"prices"`
	TaxRates        ordered.Table[TaxRate, *TaxRate]                 `json:"tax_rates"`
	Discounts       ordered.Table[Discount, *Discount]               `json:"discounts"`
	Coupons         ordered.Table[Coupon, *Coupon]                   `json:"coupons"`
	PromotionCodes  ordered.Table[PromotionCode, *PromotionCode]     `json:"promotion_codes"`
	Features        ordered.Table[Feature, *Feature]                 `json:"features"`
	ProductFeatures ordered.Table[ProductFeature, *ProductFeature]   `json:"product_features"`
	Entitlements    ordered.Table[Entitlement, *Entitlement]         `json:"entitlements"`
	Sessions        ordered.Table[CheckoutSession, *CheckoutSession] `json:"checkout_sessions"`
	Portals         ordered.Table[PortalSession, *PortalSession]     `json:"portal_sessions"`
	Subscriptions   ordered.Table[Subscription, *Subscription]       `json:"subscriptions"`
	Schedules       ordered.Table[Schedule, *Schedule]               `json:"subscription_schedules"`
	Items           map[string]string                                `json:"subscription_items"` // subscription ids by item id
	Invoices        ordered.Table[Invoice, *Invoice]                 `json:"invoices"`
	InvoiceItems    ordered.Table[InvoiceItem, *InvoiceItem]         `json:"invoice_items"`
	InvoicePayments ordered.Table[InvoicePayment, *InvoicePayment]   `json:"invoice_payments"`
	PaymentIntents  ordered.Table[PaymentIntent, *PaymentIntent]     `json:"payment_intents"`
	SetupIntents    ordered.Table[SetupIntent, *SetupIntent]         `json:"setup_intents"`
	PaymentMethods  ordered.Table[PaymentMethod, *PaymentMethod]     `json:"payment_methods"`
	Charges         ordered.Table[Charge, *Charge]                   `json:"charges"`
	Refunds         ordered.Table[Refund, *Refund]                   `json:"refunds"`
	Disputes        ordered.Table[Dispute, *Dispute]                 `json:"disputes"`
	SavedEvents     ordered.Table[eventlog.Event, *eventlog.Event]   `json:"events"`
	SavedPacks      ordered.Table[eventlog.Pack, *eventlog.Pack]     `json:"event_packs"`
	Endpoints       ordered.Table[Endpoint, *Endpoint]               `json:"webhook_endpoints"`
	TestClocks      ordered.Table[TestClock, *TestClock]             `json:"test_clocks"`
	Keys            ordered.Table[Stored, *Stored]                   `json:"idempotency_keys"`

	BalanceTransactions ordered.Table[BalanceTransaction, *BalanceTransaction] `json:"balance_transactions"`

	PaymentLinks ordered.Table[PaymentLink, *PaymentLink] `json:"payment_links"`

	Configurations ordered.Table[PortalConfiguration, *PortalConfiguration] `json:"portal_configurations"`
}

// Open prepares a decoded state for Restore.
func (state *State) Open() (err error) {
	state.Log, err = eventlog.Load(&state.SavedEvents, &state.SavedPacks)
	state.SavedEvents, state.SavedPacks = ordered.Table[eventlog.Event, *eventlog.Event]{}, ordered.Table[eventlog.Pack,
		*eventlog.Pack]{}
	return err
}
