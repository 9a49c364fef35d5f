package openapicheck

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// What this file lists is all that is excused, each with its reason.

// stripeExtras are properties that Stripe's answers have although its document
// does not name them, by schema and property.
var stripeExtras = map[string]string{
	"subscription.plan":           "of the time before items; real answers still have it",
	"subscription.quantity":       "of the time before items; real answers still have it",
	"subscription_item.plan":      "of the time before prices; real answers still have it",
	"product.type":                "of the time before prices; real answers still have it, and so have the document's own examples",
	"recurring.trial_period_days": "of plans; real answers still have it in a price, as null, and so have the document's own examples",
	"customer.deleted":            "the object of customer.deleted is the whole customer, marked",
}

// newerExtras are properties of releases after the document's, by release, schema
// and property.
var newerExtras = map[string]string{
	"endive checkout.session.allowed_payment_method_types": "takes the place of payment_method_types",
}

// clerkExtras are properties that Clerk's answers have although its document does
// not name them.
var clerkExtras = map[string]string{}

// webhookExtras are properties that only the data of Clerk's webhooks has, by
// object and property, as Clerk's published examples do.
var webhookExtras = map[string]string{
	"session.user":                    "a session's webhook shows its user",
	"organization_invitation.user_id": "organizationInvitation.accepted tells who accepted",
	"role.slug":                       "role.deleted has it, as null",
}

// webhookLacks are required properties that the data of Clerk's webhooks does not
// have, by object and property.
var webhookLacks = map[string]string{
	"organization_invitation.inviter_id":          "not in the published examples",
	"organization_invitation.public_inviter_data": "not in the published examples",
}

// undocumentedOperations are what official clients call and Stripe's document
// does not have.
var undocumentedOperations = map[string]string{
	"GET /v1/payment_pages/{session}":          "Stripe's CLI reads a checkout session with it",
	"POST /v1/payment_pages/{session}/confirm": "Stripe's CLI pays a checkout session with it",
	"POST /v1/events/{id}/retry":               "Stripe's CLI sends an event again with it",
	"POST /v1/subscriptions/{id}/pause":        "came with endive, the release after the document's",
}

// undescribedObjects are objects of events that Stripe's document does not describe.
var undescribedObjects = map[string]string{
	"entitlements.active_entitlement_summary": "only events have it; it is among the document's examples",
}

// otherReleases are parameters that another release than the document's takes, or
// does not require, by operation and parameter: the releases and the reason.
var otherReleases = map[string]struct{ releases, reason string }{
	"POST /v1/checkout/sessions allowed_payment_method_types": {"endive", "takes the place of payment_method_types"},
	"POST /v1/subscription_schedules phases[].iterations": {undated + " acacia basil clover dahlia endive",
		"duration has taken its place; Stripe's CLI sends it whatever the version"},
	"POST /v1/customers coupon":            {undated + " acacia", "basil removed it"},
	"POST /v1/customers/{customer} coupon": {undated + " acacia", "basil removed it"},
	"POST /v1/promotion_codes coupon": {undated + " acacia basil",
		"clover moved it into promotion"},
	"POST /v1/promotion_codes promotion": {undated + " acacia basil",
		"clover has it in the place of coupon"},
}

// undated stands for the versions before releases had names.
const undated = "undated"

// index is the place of an element, which the list of otherReleases does not tell apart.
var index = regexp.MustCompile(`\[\d+\]`)

// elsewhere says whether a release takes an operation's parameter, or does without
// it, other than the document says.
func elsewhere(release, operation, name string) bool {
	name = index.ReplaceAllString(name, "[]")
	return slices.Contains(strings.Fields(otherReleases[operation+" "+name].releases), cmp.Or(release, undated))
}

// previousAttributes are the types of events, besides *.updated, that say what was
// before; so does Stripe in its published examples.
var previousAttributes = map[string]bool{
	"charge.refunded":                      true,
	"payment_method.automatically_updated": true,
	"payment_method.detached":              true,
}

// repeatable are parameters of Clerk's that the document describes as one value
// and says to accept several, by operation and parameter.
var repeatable = map[string]string{
	"GET /v1/organizations/{organization_id}/invitations status": "the description of the operation: accepts multiple values",
	"GET /v1/organization_invitations status":                    "the description of the operation: accepts multiple values",
	"GET /v1/users/{user_id}/organization_invitations status":    "the SDKs send several",
}

// clientsQuery are parameters that Clerk's own clients send where Clerk's document
// does not have them, by operation and parameter.
var clientsQuery = map[string]string{
	"GET /v1/users/count limit":    "the Go SDK counts with the parameters it lists with",
	"GET /v1/users/count offset":   "the Go SDK counts with the parameters it lists with",
	"GET /v1/users/count order_by": "the Go SDK counts with the parameters it lists with",
}

// excusedBy returns what a walk excuses in a release of Stripe's API.
func excusedBy(release string) func(owner, property string) bool {
	return func(owner, property string) bool {
		name := owner + "." + property
		return stripeExtras[name] != "" || newerExtras[release+" "+name] != ""
	}
}

func excusedByClerk(owner, property string) bool { return clerkExtras[owner+"."+property] != "" }
