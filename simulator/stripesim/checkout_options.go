package stripesim

import (
	"slices"
	"strings"
)

// SessionOptions are what a checkout session shows as it was given. The page
// asks for a card and an e-mail address whatever they say.
type SessionOptions struct {
	Locale            string            `json:"locale,omitempty"`
	SubmitType        string            `json:"submit_type,omitempty"`
	BillingAddress    string            `json:"billing_address_collection,omitempty"`
	PhoneNumber       bool              `json:"phone_number_collection,omitempty"`
	TaxID             bool              `json:"tax_id_collection,omitempty"`
	TaxIDRequired     string            `json:"tax_id_required,omitempty"`
	Promotions        string            `json:"promotions,omitempty"`
	TermsOfService    string            `json:"terms_of_service,omitempty"`
	ReuseAgreement    string            `json:"payment_method_reuse_agreement,omitempty"`
	CustomText        map[string]string `json:"custom_text,omitempty"`
	AdaptivePricing   *bool             `json:"adaptive_pricing,omitempty"`
	OriginContext     string            `json:"origin_context,omitempty"`
	RedisplayFilters  []string          `json:"allow_redisplay_filters,omitempty"`
	MethodRemove      string            `json:"payment_method_remove,omitempty"`
	MethodSave        string            `json:"payment_method_save,omitempty"`
	SavedMethodsGiven bool              `json:"saved_payment_method_options,omitempty"`
	// address, name: taken from what the buyer types
	CustomerUpdate []string `json:"customer_update,omitempty"`
}

// Accepted besides what a session shows, and without effect: customer_update[shipping],
// automatic_tax[enabled]=false, invoice_creation[enabled]=false and
// payment_method_options[card][request_three_d_secure]=automatic.
const optionParams = " locale submit_type billing_address_collection phone_number_collection tax_id_collection consent_collection custom_text" +
	" adaptive_pricing origin_context saved_payment_method_options customer_update automatic_tax invoice_creation payment_method_options"

var (
	checkoutLocales = strings.Fields("auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv" +
		" th tr vi zh zh-HK zh-TW")
	customTexts = strings.Fields("after_submit shipping_address submit terms_of_service_acceptance")
)

func readOptions(p params) SessionOptions {
	options := SessionOptions{
		Locale:         p.enum("locale", "", checkoutLocales...),
		SubmitType:     p.enum("submit_type", "", "auto", "book", "donate", "pay", "subscribe"),
		BillingAddress: p.enum("billing_address_collection", "", "auto", "required"),
		OriginContext:  p.enum("origin_context", "", "mobile_app", "web"),
		PhoneNumber:    p.enabled("phone_number_collection"),
		CustomText:     map[string]string{},
	}
	taxes := p.sub("tax_id_collection").only("enabled", "required")
	options.TaxID, options.TaxIDRequired = taxes.boolean("enabled", false), taxes.enum("required", "never",
		"if_supported", "never")
	consent := p.sub("consent_collection").only("promotions", "terms_of_service", "payment_method_reuse_agreement")
	options.Promotions, options.TermsOfService = consent.enum("promotions", "", "auto", "none"),
		consent.enum("terms_of_service", "", "none", "required")
	options.ReuseAgreement = consent.sub("payment_method_reuse_agreement").only("position").enum("position", "", "auto",
		"hidden")
	texts := p.sub("custom_text").only(customTexts...)
	for _, place := range customTexts {
		if message := texts.sub(place).only("message").text("message"); message != "" {
			options.CustomText[place] = message
		}
	}
	if p.has("adaptive_pricing") {
		enabled := p.enabled("adaptive_pricing")
		options.AdaptivePricing = &enabled
	}
	saved := p.sub("saved_payment_method_options").only("allow_redisplay_filters", "payment_method_remove",
		"payment_method_save")
	options.SavedMethodsGiven, options.RedisplayFilters = saved.at != nil, saved.texts("allow_redisplay_filters")
	options.MethodRemove = saved.enum("payment_method_remove", "", "disabled", "enabled")
	options.MethodSave = saved.enum("payment_method_save", "", "disabled", "enabled")
	options.CustomerUpdate = readCustomerUpdate(p)
	readUnused(p)
	return options
}

// readCustomerUpdate returns what the customer takes over from the buyer.
func readCustomerUpdate(p params) []string {
	update := p.sub("customer_update").only("address", "name", "shipping")
	if p.has("customer_update") && p.text("customer") == "" {
		p.fail(invalid("customer_update", "`customer_update` can only be used with `customer`."))
	}
	var taken []string
	for _, field := range []string{"address", "name", "shipping"} {
		if update.enum(field, "never", "auto", "never") == "auto" {
			taken = append(taken, field)
		}
	}
	return taken
}

// readUnused reads what has no effect, and refuses what would have one.
func readUnused(p params) {
	if p.enabled("automatic_tax") {
		p.fail(invalid("automatic_tax[enabled]", "Taxes are not simulated."))
	}
	if p.enabled("invoice_creation") {
		p.fail(invalid("invoice_creation[enabled]", "Invoices of one-time payments are not simulated."))
	}
	p.sub("payment_method_options").only("card").sub("card").only("request_three_d_secure").enum("request_three_d_secure",
		"", "automatic")
}

// enabled reads a hash that says nothing but whether something is on.
func (p params) enabled(field string) bool {
	sent := p.sub(field).only("enabled")
	if sent.at != nil {
		sent.required("enabled")
	}
	return sent.boolean("enabled", false)
}

func (o SessionOptions) show(into object, complete bool) {
	texts := object{}
	for _, place := range customTexts {
		texts[place] = nil
		if message := o.CustomText[place]; message != "" {
			texts[place] = object{"message": message}
		}
	}
	into["custom_text"] = texts
	for field, text := range map[string]string{"locale": o.Locale, "submit_type": o.SubmitType,
		"billing_address_collection": o.BillingAddress, "origin_context": o.OriginContext} {
		into[field] = orNull(text)
	}
	into["phone_number_collection"] = object{"enabled": o.PhoneNumber}
	if o.TaxID {
		into["tax_id_collection"] = object{"enabled": true, "required": o.TaxIDRequired}
	}
	into["consent"], into["consent_collection"] = o.showConsent(complete)
	into["adaptive_pricing"] = nil
	if o.AdaptivePricing != nil {
		into["adaptive_pricing"] = object{"enabled": *o.AdaptivePricing}
	}
	into["saved_payment_method_options"] = nil
	if o.SavedMethodsGiven {
		filters := []any{}
		for _, filter := range slices.Clone(o.RedisplayFilters) {
			filters = append(filters, filter)
		}
		into["saved_payment_method_options"] = object{"allow_redisplay_filters": filters,
			"payment_method_remove": orNull(o.MethodRemove),
			"payment_method_save":   orNull(o.MethodSave)}
	}
}

// showConsent shows what was asked for, and after completion that the terms were
// accepted: a buyer cannot complete the session otherwise.
func (o SessionOptions) showConsent(complete bool) (consent, collection any) {
	if o.Promotions == "" && o.TermsOfService == "" && o.ReuseAgreement == "" {
		return nil, nil
	}
	asked := object{"payment_method_reuse_agreement": nil, "promotions": orNull(o.Promotions),
		"terms_of_service": orNull(o.TermsOfService)}
	if o.ReuseAgreement != "" {
		asked["payment_method_reuse_agreement"] = object{"position": o.ReuseAgreement}
	}
	if !complete {
		return nil, asked
	}
	given := object{"promotions": nil, "terms_of_service": nil}
	if o.TermsOfService == "required" {
		given["terms_of_service"] = "accepted"
	}
	return given, asked
}
