package checkout

import (
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Accepted without effect, besides what a session shows:
// customer_update[shipping], automatic_tax[enabled]=false,
// invoice_creation[enabled]=false and
// payment_method_options[card][request_three_d_secure]=automatic.
const optionParams = " locale submit_type billing_address_collection phone_number_collection tax_id_collection consent_collection custom_text" +
	" adaptive_pricing origin_context saved_payment_method_options customer_update automatic_tax invoice_creation payment_method_options"

var (
	checkoutLocales = strings.Fields("auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv" +
		" th tr vi zh zh-HK zh-TW")
)

func readOptions(p api.Params) state.SessionOptions {
	options := state.SessionOptions{
		Locale:         p.Enum("locale", "", checkoutLocales...),
		SubmitType:     p.Enum("submit_type", "", "auto", "book", "donate", "pay", "subscribe"),
		BillingAddress: p.Enum("billing_address_collection", "", "auto", "required"),
		OriginContext:  p.Enum("origin_context", "", "mobile_app", "web"),
		PhoneNumber:    p.Enabled("phone_number_collection"),
		CustomText:     map[string]string{},
	}
	taxes := p.Sub("tax_id_collection").Only("enabled", "required")
	options.TaxID, options.TaxIDRequired = taxes.Boolean("enabled", false), taxes.Enum("required", "never",
		"if_supported", "never")
	consent := p.Sub("consent_collection").Only("promotions", "terms_of_service", "payment_method_reuse_agreement")
	options.Promotions, options.TermsOfService = consent.Enum("promotions", "", "auto", "none"),
		consent.Enum("terms_of_service", "", "none", "required")
	options.ReuseAgreement = consent.Sub("payment_method_reuse_agreement").Only("position").Enum("position", "", "auto",
		"hidden")
	texts := p.Sub("custom_text").Only(state.CustomTexts...)
	for _, place := range state.CustomTexts {
		if message := texts.Sub(place).Only("message").Text("message"); message != "" {
			options.CustomText[place] = message
		}
	}
	if p.Has("adaptive_pricing") {
		enabled := p.Enabled("adaptive_pricing")
		options.AdaptivePricing = &enabled
	}
	saved := p.Sub("saved_payment_method_options").Only("allow_redisplay_filters", "payment_method_remove",
		"payment_method_save")
	options.SavedMethodsGiven, options.RedisplayFilters = saved.At != nil, saved.Texts("allow_redisplay_filters")
	options.MethodRemove = saved.Enum("payment_method_remove", "", "disabled", "enabled")
	options.MethodSave = saved.Enum("payment_method_save", "", "disabled", "enabled")
	options.CustomerUpdate = readCustomerUpdate(p)
	readUnused(p)
	return options
}

// readCustomerUpdate returns which of the buyer's details update the customer.
func readCustomerUpdate(p api.Params) []string {
	update := p.Sub("customer_update").Only("address", "name", "shipping")
	if p.Has("customer_update") && p.Text("customer") == "" {
		p.Fail(api.Invalid("customer_update", "`customer_update` can only be used with `customer`."))
	}
	var taken []string
	for _, field := range []string{"address", "name", "shipping"} {
		if update.Enum(field, "never", "auto", "never") == "auto" {
			taken = append(taken, field)
		}
	}
	return taken
}

// readUnused reads parameters without effect, and refuses values that would
// have one.
func readUnused(p api.Params) {
	if p.Enabled("automatic_tax") {
		p.Fail(api.Invalid("automatic_tax[enabled]", "Taxes are not simulated."))
	}
	if p.Enabled("invoice_creation") {
		p.Fail(api.Invalid("invoice_creation[enabled]", "Invoices of one-time payments are not simulated."))
	}
	p.Sub("payment_method_options").Only("card").Sub("card").Only("request_three_d_secure").Enum("request_three_d_secure",
		"", "automatic")
}
