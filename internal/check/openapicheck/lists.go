package openapicheck

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// This file lists every deviation that is excused, with its reason.

// stripeExtras lists properties, as schema.property, that Stripe's answers have but its document does not.
var stripeExtras = map[string]string{
	"subscription.plan":           "from before items; real answers still have it",
	"subscription.quantity":       "from before items; real answers still have it",
	"subscription_item.plan":      "from before prices; real answers still have it",
	"product.type":                "from before prices; real answers and the document's own examples still have it",
	"recurring.trial_period_days": "from plans; prices in real answers and in the document's own examples still have it, as null",
	"customer.deleted":            "the object of customer.deleted is the whole customer, marked as deleted",
}

// newerExtras lists properties of later releases than the document's, as "release schema.property".
var newerExtras = map[string]string{
	"endive checkout.session.allowed_payment_method_types": "replaces payment_method_types",
}

// clerkExtras lists properties, as schema.property, that Clerk's answers have but its document does not.
var clerkExtras = map[string]string{}

// webhookExtras lists properties, as object.property, that only the data of Clerk's webhooks has, according to
// Clerk's published examples.
var webhookExtras = map[string]string{
	"session.user":                    "a session's webhook shows its user",
	"organization_invitation.user_id": "organizationInvitation.accepted names who accepted",
	"role.slug":                       "role.deleted has it, as null",
}

// webhookLacks lists required properties, as object.property, that the data of Clerk's webhooks does not have.
var webhookLacks = map[string]string{
	"organization_invitation.inviter_id":          "not in the published examples",
	"organization_invitation.public_inviter_data": "not in the published examples",
}

// undocumentedOperations lists operations that official clients call but Stripe's document does not have.
var undocumentedOperations = map[string]string{
	"GET /v1/payment_pages/{session}":          "Stripe's CLI reads a checkout session with it",
	"POST /v1/payment_pages/{session}/confirm": "Stripe's CLI pays a checkout session with it",
	"POST /v1/events/{id}/retry":               "Stripe's CLI resends an event with it",
	"POST /v1/subscriptions/{id}/pause":        "new in endive, the release after the document's",
}

// undescribedObjects lists objects of events that Stripe's document does not describe.
var undescribedObjects = map[string]string{
	"entitlements.active_entitlement_summary": "occurs only in events; the document has an example",
}

// otherReleases lists parameters, as "operation parameter", that releases other than the document's accept or do not
// require.
var otherReleases = map[string]struct{ releases, reason string }{
	"POST /v1/checkout/sessions allowed_payment_method_types": {"endive", "replaces payment_method_types"},
	"POST /v1/subscription_schedules phases[].iterations": {undated + " acacia basil clover dahlia endive",
		"duration has replaced it; Stripe's CLI sends it with every version"},
	"POST /v1/customers coupon":            {undated + " acacia", "basil removed it"},
	"POST /v1/customers/{customer} coupon": {undated + " acacia", "basil removed it"},
	"POST /v1/promotion_codes coupon": {undated + " acacia basil",
		"clover moved it into promotion"},
	"POST /v1/promotion_codes promotion": {undated + " acacia basil",
		"new in clover, in place of coupon"},
}

// undated stands for the versions from before releases had names.
const undated = "undated"

// index matches the index of a list element, which otherReleases leaves out.
var index = regexp.MustCompile(`\[\d+\]`)

// elsewhere reports whether otherReleases has a parameter of an operation for that release.
func elsewhere(release, operation, name string) bool {
	name = index.ReplaceAllString(name, "[]")
	return slices.Contains(strings.Fields(otherReleases[operation+" "+name].releases), cmp.Or(release, undated))
}

// previousAttributes lists event types other than *.updated that have previous_attributes, according to Stripe's
// published examples.
var previousAttributes = map[string]bool{
	"charge.refunded":                      true,
	"payment_method.automatically_updated": true,
	"payment_method.detached":              true,
}

// repeatable lists Clerk's parameters, as "operation parameter", that the schema describes as one value but that may
// repeat.
var repeatable = map[string]string{
	"GET /v1/organizations/{organization_id}/invitations status": "the operation's description says that it accepts multiple values",
	"GET /v1/organization_invitations status":                    "the operation's description says that it accepts multiple values",
	"GET /v1/users/{user_id}/organization_invitations status":    "the SDKs send several",
}

// clientsQuery lists parameters, as "operation parameter", that Clerk's own clients send but its document does not
// have.
var clientsQuery = map[string]string{
	"GET /v1/users/count limit":    "the Go SDK counts with the same parameters as it lists",
	"GET /v1/users/count offset":   "the Go SDK counts with the same parameters as it lists",
	"GET /v1/users/count order_by": "the Go SDK counts with the same parameters as it lists",
}

// excusedBy returns the walk.excused function for a release of Stripe's API.
func excusedBy(release string) func(owner, property string) bool {
	return func(owner, property string) bool {
		name := owner + "." + property
		return stripeExtras[name] != "" || newerExtras[release+" "+name] != ""
	}
}

func excusedByClerk(owner, property string) bool { return clerkExtras[owner+"."+property] != "" }
