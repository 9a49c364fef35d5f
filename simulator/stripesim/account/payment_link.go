package account

import (
	"cmp"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// LinkURL returns the public URL of a payment link.
func (s *Account) LinkURL(l *state.PaymentLink) string { return s.Link("/b/" + l.Code) }

// ShowLink shows a payment link.
func (s *Account) ShowLink(l *state.PaymentLink) api.Object {
	cs := &l.Session
	after := api.Object{"type": "hosted_confirmation",
		"hosted_confirmation": api.Object{"custom_message": api.OrNull(l.Confirmation)}}
	if l.RedirectURL != "" {
		after = api.Object{"type": "redirect", "redirect": api.Object{"url": l.RedirectURL}}
	}
	var types any
	if cs.Types != nil {
		types = state.Offered(cs.Types, cs.Currency)
	}
	subscription, intent := showLinkData(cs)
	shown := api.Object{"id": l.ID, "object": "payment_link", "active": l.Active, "after_completion": after,
		"allow_promotion_codes": cs.AllowPromotionCodes, "application": nil, "application_fee_amount": nil,
		"application_fee_percent": nil, "automatic_tax": api.Object{"enabled": false, "liability": nil},
		"currency": cs.Currency, "custom_fields": []any{}, "customer_creation": cs.CustomerCreation,
		"inactive_message": api.OrNull(l.InactiveMessage), "livemode": false, "metadata": api.Shown(cs.Metadata),
		"on_behalf_of": nil, "payment_intent_data": intent, "payment_method_collection": cs.Collection(),
		"payment_method_types": types, "restrictions": nil, "shipping_address_collection": nil, "shipping_options": []any{},
		"subscription_data": subscription, "transfer_data": nil, "invoice_creation": nil, "url": s.LinkURL(l)}
	options := api.Object{}
	cs.Options.Show(options, false)
	for _, field := range []string{"consent_collection", "custom_text", "phone_number_collection"} {
		shown[field] = options[field]
	}
	shown["tax_id_collection"] = api.Object{"enabled": cs.Options.TaxID,
		"required": cmp.Or(cs.Options.TaxIDRequired, "never")}
	shown["submit_type"], shown["billing_address_collection"] = cmp.Or(cs.Options.SubmitType, "auto"),
		cmp.Or(cs.Options.BillingAddress, "auto")
	return shown
}

// showLinkData shows subscription_data or payment_intent_data of a payment link;
// the other is null.
func showLinkData(cs *state.CheckoutSession) (subscription, intent any) {
	if cs.Mode != "subscription" {
		return nil, api.Object{"capture_method": nil, "description": api.OrNull(cs.ChildDescription),
			"metadata": api.Shown(cs.ChildMetadata), "setup_future_usage": api.OrNull(cs.FutureUsage),
			"statement_descriptor": api.OrNull(cs.Descriptor), "statement_descriptor_suffix": api.OrNull(cs.Suffix),
			"transfer_group": nil}
	}
	var trial, days any
	if cs.TrialDays > 0 {
		days = cs.TrialDays
		trial = api.Object{"end_behavior": api.Object{
			"missing_payment_method": cmp.Or(cs.TrialEndBehavior, "create_invoice")}}
	}
	return api.Object{"description": api.OrNull(cs.ChildDescription),
		"invoice_settings": api.Object{"issuer": api.Object{"type": "self"}}, "metadata": api.Shown(cs.ChildMetadata),
		"trial_period_days": days, "trial_settings": trial}, nil
}
