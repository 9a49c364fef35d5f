package api

import "strings"

// kindNames maps the prefix of an id, up to the first underscore, to the name
// that error messages give its type.
var kindNames = map[string]string{
	"bpc":   "configuration",
	"ch":    "charge",
	"clock": "testclock",
	"cs":    "checkout.session",
	"cus":   "customer",
	"di":    "discount",
	"dp":    "dispute",
	"evt":   "event",
	"feat":  "feature",
	"in":    "invoice",
	"ii":    "invoiceitem",
	"inpay": "invoice_payment",
	"pi":    "payment_intent",
	"pm":    "PaymentMethod",
	"plink": "payment_link",
	"price": "price",
	"prod":  "product",
	"promo": "promotion code",
	"re":    "refund",
	"seti":  "setupintent",
	"si":    "subscription_item",
	"sub":   "subscription",
	"txr":   "tax rate",
	"we":    "webhook endpoint",
}

// kindOf returns the name that error messages give the type of an id.
func kindOf(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	if name, known := kindNames[prefix]; known {
		return name
	}
	return "object"
}
