package conformance

import "strings"

// outOfScope lists what the CLI can trigger and the simulator does not do, by the
// beginning of the trigger's name, and why. The simulator is for billing and
// access: what moves money on to others, issues cards or checks passports is not.
var outOfScope = []struct{ prefix, why string }{
	{"account.", "Connect"},
	{"balance.", "balances and payouts"},
	{"cash_balance.", "cash balance"},
	{"credit_note.", "credit notes"},
	{"customer.discount.", "the CLI sends `coupon` to `/v1/customers`, which the published API no longer has"},
	{"customer.source.", "sources, which payment methods replaced"},
	{"customer_cash_balance_transaction.", "cash balance"},
	{"identity.", "Identity"},
	{"issuing_", "Issuing"},
	{"payment_intent.partially_funded", "cash balance"},
	{"payout.", "balances and payouts"},
	{"quote.", "quotes"},
	{"reporting.", "Reporting"},
	{"topup.", "balances and payouts"},
	{"transfer.", "Connect"},
	{"v1.billing.meter.", "usage meters, and API v2"},
}

// versionFor names the API version that a trigger is pulled with, where what the
// CLI sends is refused by the account's.
var versionFor = map[string]string{
	// The CLI sends coupon, which clover moved into promotion.
	"promotion_code.created": "2025-08-27.basil",
	"promotion_code.updated": "2025-08-27.basil",
}

// otherwise lists the triggers that run to their end and cause another event than
// they are named after, by Stripe's own description of the events.
var otherwise = map[string]string{
	"subscription_schedule.expiring": "the CLI advances its clock to nine days before the end, the event comes seven days before",
}

// reasonOut says why a trigger is out of scope, if it is.
func reasonOut(name string) (why string, out bool) {
	for _, entry := range outOfScope {
		if strings.HasPrefix(name, entry.prefix) {
			return entry.why, true
		}
	}
	return "", false
}
