package stripebilling

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
	"golang.org/x/sync/errgroup"
)

// Permission is what a restricted key needs for one part of Stripe's API, and whether it has it.
type Permission struct {
	Name  string // as in Stripe's Dashboard: "Customers"
	Write bool   // includes the right to read
	For   string // what Lockstep does with it: "creates customers and links them"
	// Missing: Stripe refused the key. It is false if Stripe answered otherwise, even with an error.
	Missing bool
	Err     error // why it is unknown; nil if it is known
}

// Level is what Stripe's Dashboard calls the level: "Read" or "Write".
func (p Permission) Level() string {
	if p.Write {
		return "Write"
	}
	return "Read"
}

// nobody is an id that no object has. Stripe checks a key's permissions before it looks for the object, so a
// request about this id changes nothing, and its refusal shows whether the key may make it.
const nobody = "lockstep_doctor"

// probe is a harmless request that needs a permission.
type probe struct {
	name, purpose string
	method, path  string
	params        func() stripe.ParamsContainer
}

func (p probe) writes() bool { return p.method != http.MethodGet }

// probes are one request for each permission that Lockstep needs. SECURITY.md has the same list.
var probes = []probe{
	{"Customers", "creates, links and deletes customers", http.MethodPost, "/v1/customers/cus_" + nobody,
		func() stripe.ParamsContainer { return &stripe.CustomerUpdateParams{} }},
	{"Subscriptions", "reads access, cancels for deletions, changes seats", http.MethodPost, "/v1/subscriptions/sub_" + nobody,
		func() stripe.ParamsContainer { return &stripe.SubscriptionUpdateParams{} }},
	{"Checkout Sessions", "starts checkouts and reads what was bought", http.MethodPost,
		"/v1/checkout/sessions/cs_" + nobody + "/expire",
		func() stripe.ParamsContainer { return &stripe.CheckoutSessionExpireParams{} }},
	{"Customer portal", "opens the billing portal", http.MethodPost, "/v1/billing_portal/sessions",
		func() stripe.ParamsContainer {
			return &stripe.BillingPortalSessionCreateParams{Customer: stripe.String("cus_" + nobody)}
		}},
	{"Invoices", "reads access and notices, voids what was given up", http.MethodPost, "/v1/invoices/in_" + nobody + "/void",
		func() stripe.ParamsContainer { return &stripe.InvoiceVoidInvoiceParams{} }},
	{"Charges and Refunds", "refunds end licenses", http.MethodGet, "/v1/charges/ch_" + nobody,
		func() stripe.ParamsContainer { return &stripe.ChargeRetrieveParams{} }},
	{"PaymentIntents", "reads how a payment stands", http.MethodGet, "/v1/payment_intents/pi_" + nobody,
		func() stripe.ParamsContainer { return &stripe.PaymentIntentRetrieveParams{} }},
	{"Payment Methods", "never deletes a customer that is in use", http.MethodGet, "/v1/payment_methods",
		func() stripe.ParamsContainer {
			return &stripe.PaymentMethodListParams{Customer: stripe.String("cus_" + nobody)}
		}},
	{"Disputes", "a lost dispute ends a license", http.MethodGet, "/v1/disputes/dp_" + nobody,
		func() stripe.ParamsContainer { return &stripe.DisputeRetrieveParams{} }},
	{"Products", "reads which plan a price gives", http.MethodGet, "/v1/products/prod_" + nobody,
		func() stripe.ParamsContainer { return &stripe.ProductRetrieveParams{} }},
	{"Prices", "reads which plan a price gives", http.MethodGet, "/v1/prices/price_" + nobody,
		func() stripe.ParamsContainer { return &stripe.PriceRetrieveParams{} }},
	{"Events", "finds what no webhook delivered", http.MethodGet, "/v1/events",
		func() stripe.ParamsContainer { return &stripe.EventListParams{ListParams: one()} }},
	{"Webhook Endpoints", "lockstep doctor checks yours", http.MethodGet, "/v1/webhook_endpoints",
		func() stripe.ParamsContainer { return &stripe.WebhookEndpointListParams{ListParams: one()} }},
}

// entitlements is needed only with stripe_entitlements = true.
var entitlements = probe{"Entitlements", "reads the features of Stripe's entitlements", http.MethodGet,
	"/v1/entitlements/active_entitlements", func() stripe.ParamsContainer {
		return &stripe.EntitlementsActiveEntitlementListParams{Customer: stripe.String("cus_" + nobody)}
	}}

func one() stripe.ListParams { return stripe.ListParams{Limit: stripe.Int64(1)} }

// Restricted reports whether the key is a restricted key.
func (c *Client) Restricted() bool { return restricted(c.key.Reveal()) }

// Permissions finds out by trying what the key may do. It makes one request for each permission; each is
// about an object that does not exist, or reads one object. entitled adds what stripe_entitlements needs.
func (c *Client) Permissions(ctx context.Context, entitled bool) []Permission {
	tried := probes
	if entitled {
		tried = append(tried[:len(tried):len(tried)], entitlements)
	}
	found := make([]Permission, len(tried))
	var group errgroup.Group
	group.SetLimit(4)
	for i, p := range tried {
		group.Go(func() error {
			found[i] = c.try(ctx, p)
			return nil
		})
	}
	_ = group.Wait() // no call returns an error
	return found
}

// try makes the request of a probe. 403 means that the key lacks the permission. Any other refusal of the
// request itself means that the key has it.
func (c *Client) try(ctx context.Context, p probe) Permission {
	found := Permission{Name: p.name, Write: p.writes(), For: p.purpose}
	_, err := c.call(ctx, "try the permission "+p.name, p.method, p.path, p.params())
	var upstreamError *lockstep.UpstreamError
	switch {
	case err == nil, errors.As(err, &upstreamError) && upstreamError.Rejected():
	case upstreamError != nil && upstreamError.Status == http.StatusForbidden:
		found.Missing = true
	default:
		found.Err = err
	}
	return found
}

// Features returns the lookup keys of the features in Stripe that are not archived.
func (c *Client) Features(ctx context.Context) (keys []string, err error) {
	err = c.all(ctx, "list features", "/v1/entitlements/features", &stripe.EntitlementsFeatureListParams{}, "",
		func(o upstream.Object) { keys = append(keys, o.Text("lookup_key")) })
	return keys, err
}
