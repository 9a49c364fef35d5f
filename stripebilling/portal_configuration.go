package stripebilling

import (
	"context"
	"net/http"

	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

const portalConfigurations = "/v1/billing_portal/configurations"

// PortalConfiguration says what Stripe's customer portal offers.
type PortalConfiguration struct {
	ID       string
	Active   bool
	Default  bool // sessions that name no configuration use it
	Metadata map[string]string
}

// PortalConfigurations returns the configurations of the account's portal, newest first.
func (c *Client) PortalConfigurations(ctx context.Context) (list []PortalConfiguration, err error) {
	err = c.all(ctx, "list portal configurations", portalConfigurations, &stripe.BillingPortalConfigurationListParams{}, "",
		func(o upstream.Object) { list = append(list, portalConfigurationOf(o)) })
	if err != nil {
		return nil, err
	}
	return list, nil
}

// CreatePortalConfiguration creates a configuration with which customers can cancel at the end of the
// period, change their payment method and see their invoices. Only Stripe's dashboard can make one the default.
func (c *Client) CreatePortalConfiguration(ctx context.Context, name string,
	metadata map[string]string) (PortalConfiguration, error) {
	on := stripe.Bool(true)
	o, err := c.one(ctx, "create portal configuration", http.MethodPost, portalConfigurations,
		&stripe.BillingPortalConfigurationCreateParams{Name: stripe.String(name), Metadata: metadata,
			Features: &stripe.BillingPortalConfigurationCreateFeaturesParams{
				InvoiceHistory:      &stripe.BillingPortalConfigurationCreateFeaturesInvoiceHistoryParams{Enabled: on},
				PaymentMethodUpdate: &stripe.BillingPortalConfigurationCreateFeaturesPaymentMethodUpdateParams{Enabled: on},
				SubscriptionCancel: &stripe.BillingPortalConfigurationCreateFeaturesSubscriptionCancelParams{Enabled: on,
					Mode: stripe.String("at_period_end")}}})
	if err != nil {
		return PortalConfiguration{}, err
	}
	return portalConfigurationOf(o), nil
}

func portalConfigurationOf(o upstream.Object) PortalConfiguration {
	return PortalConfiguration{ID: o.Text("id"), Active: o.Flag("active"), Default: o.Flag("is_default"),
		Metadata: metadataOf(o)}
}
