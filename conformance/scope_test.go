package conformance

import "strings"

// outOfScope lists the triggers, by the start of their names, that the simulator does not support, and why. The
// simulator covers billing and access. It does not cover payouts, card issuing or identity checks.
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

// versionFor is the API version for triggers whose requests the account's default version rejects.
var versionFor = map[string]string{
	// The CLI sends coupon, which version clover moved into promotion.
	"promotion_code.created": "2025-08-27.basil",
	"promotion_code.updated": "2025-08-27.basil",
}

// otherwise lists the triggers that succeed without causing the event they are named after, as Stripe describes it.
var otherwise = map[string]string{
	"subscription_schedule.expiring": "the CLI advances its clock to nine days before the end, the event comes seven days before",
}

// reasonOut reports whether a trigger is out of scope, and why.
func reasonOut(name string) (why string, out bool) {
	for _, entry := range outOfScope {
		if strings.HasPrefix(name, entry.prefix) {
			return entry.why, true
		}
	}
	return "", false
}
