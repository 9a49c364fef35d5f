package api

import "strings"

// kindNames are the types of objects as error messages name them, by what their
// ids begin with, up to the first underscore.
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

// kindOf names what an id is, as error messages do.
func kindOf(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	if name, known := kindNames[prefix]; known {
		return name
	}
	return "object"
}
