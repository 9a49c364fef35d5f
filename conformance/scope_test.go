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
	{"customer.discount.", "the CLI sends `coupon` to `/v1/customers`, which API versions since 2025-03-31.basil refuse"},
	{"customer.source.", "sources, which payment methods replaced"},
	{"customer_cash_balance_transaction.", "cash balance"},
	{"identity.", "Identity"},
	{"issuing_", "Issuing"},
	{"payment_intent.partially_funded", "cash balance"},
	{"payment_link.", "Payment Links"},
	{"payout.", "balances and payouts"},
	{"promotion_code.", "the CLI sends `coupon`, which API versions since 2025-09-30.clover call `promotion`"},
	{"quote.", "quotes"},
	{"reporting.", "Reporting"},
	{"subscription_schedule.expiring", "the CLI stops its clock nine days before the schedule's end, and Stripe announces it seven days before"},
	{"topup.", "balances and payouts"},
	{"transfer.", "Connect"},
	{"v1.billing.meter.", "usage meters, and API v2"},
}

// otherwise lists the triggers that run to their end and cause another event than
// they are named after, by Stripe's own description of the events.
var otherwise = map[string]string{
	"subscription_schedule.aborted":  "the CLI cancels the schedule, which writes `subscription_schedule.canceled`; aborted is what delinquency does",
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
