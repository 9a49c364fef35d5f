package stripesim

import (
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// expandable lists, by type of object, the fields that hold an id or an object.
// They are the fields of Stripe's OpenAPI document that the simulator shows.
// Dots lead to fields of hashes.
var expandable = map[string][]string{
	"application_fee":        strings.Fields("charge"),
	"balance_transaction":    strings.Fields("source"),
	"billing_portal.session": strings.Fields("configuration"),
	"charge": strings.Fields(
		"balance_transaction customer failure_balance_transaction payment_intent review"),
	"checkout.session": strings.Fields(
		"customer discounts.coupon discounts.promotion_code invoice payment_intent payment_link setup_intent subscription"),
	"credit_note":                     strings.Fields("customer invoice"),
	"customer":                        strings.Fields("default_source invoice_settings.default_payment_method test_clock"),
	"customer_balance_transaction":    strings.Fields("customer invoice"),
	"discount":                        strings.Fields("customer promotion_code source.coupon"),
	"dispute":                         strings.Fields("charge payment_intent"),
	"entitlements.active_entitlement": strings.Fields("feature"),
	"invoice": strings.Fields("customer default_payment_method default_source discounts from_invoice.invoice latest_revision" +
		" parent.subscription_details.subscription test_clock total_discount_amounts.discount"),
	"invoice_payment": strings.Fields("invoice payment.charge payment.payment_intent"),
	"invoiceitem":     strings.Fields("customer discounts invoice pricing.price_details.price test_clock"),
	"line_item":       strings.Fields("discount_amounts.discount discounts pricing.price_details.price subscription"),
	"mandate":         strings.Fields("payment_method"),
	"payment_intent":  strings.Fields("customer latest_charge payment_method review"),
	"payment_method":  strings.Fields("customer sepa_debit.generated_from.charge"),
	"plan":            strings.Fields("product"),
	"price":           strings.Fields("product"),
	"product":         strings.Fields("default_price"),
	"promotion_code":  strings.Fields("customer promotion.coupon"),
	"refund":          strings.Fields("balance_transaction charge customer failure_balance_transaction payment_intent payment_method"),
	"setup_attempt":   strings.Fields("customer payment_method setup_intent"),
	"setup_intent":    strings.Fields("customer latest_attempt mandate payment_method single_use_mandate"),
	"subscription": strings.Fields("customer default_payment_method default_source discounts latest_invoice pending_setup_intent" +
		" pending_update.discounts schedule test_clock"),
	"subscription_item": strings.Fields("discounts"),
	"subscription_schedule": strings.Fields("customer default_settings.default_payment_method phases.add_invoice_items.price" +
		" phases.default_payment_method phases.discounts.coupon phases.discounts.discount phases.discounts.promotion_code" +
		" phases.items.price subscription test_clock"),
}

// formerlyExpandable lists fields that were expandable before basil.
var formerlyExpandable = map[string][]string{
	"charge":         strings.Fields("invoice"),
	"invoice":        strings.Fields("charge payment_intent quote subscription"),
	"line_item":      strings.Fields("invoice_item"),
	"payment_intent": strings.Fields("invoice"),
}

// includable lists, by type of object, the fields that appear only when
// expanded.
var includable = map[string]map[string]func(*Stripe, api.Object) any{
	"checkout.session": {"line_items": func(s *Stripe, o api.Object) any { return s.account.SessionLines(o["id"].(string)) }},
	"payment_link": {"line_items": func(s *Stripe, o api.Object) any {
		id := o["id"].(string)
		return s.account.FirstLinesOf(&s.account.State.PaymentLinks.Get(id).Session, "/v1/payment_links/"+id)
	}},
	"customer": {"subscriptions": func(s *Stripe, o api.Object) any { return s.customers.CustomerSubscriptions(o["id"].(string)) }},
	"invoice": {
		"payments":            func(s *Stripe, o api.Object) any { return s.account.InvoicePayments(o["id"].(string)) },
		"confirmation_secret": func(s *Stripe, o api.Object) any { return s.billing.ConfirmationSecret(o["id"].(string)) },
	},
	"coupon": {"applies_to": func(s *Stripe, o api.Object) any { return s.catalog.CouponProducts(o["id"].(string)) }},
	"charge": {"refunds": func(s *Stripe, o api.Object) any { return s.payments.ChargeRefunds(o["id"].(string)) }},
}
