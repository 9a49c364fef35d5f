package stripesim

import (
	"slices"
	"strings"
)

// allRoutes are the operations of the whole API. The first that matches a
// request takes it.
func (s *Stripe) allRoutes() []route {
	return slices.Concat(
		s.searchRoutes(),
		s.customerRoutes(),
		s.removalRoutes(),
		s.productRoutes(),
		s.priceRoutes(),
		s.planRoutes(),
		s.taxRateRoutes(),
		s.couponRoutes(),
		s.promotionCodeRoutes(),
		s.discountRoutes(),
		s.balanceRoutes(),
		s.testClockRoutes(),
		s.entitlementRoutes(),
		s.checkoutRoutes(),
		s.paymentPageRoutes(),
		s.paymentLinkRoutes(),
		s.portalRoutes(),
		s.portalConfigurationRoutes(),
		s.subscriptionRoutes(),
		s.subscriptionItemRoutes(),
		s.scheduleRoutes(),
		s.invoicePreviewRoutes(), // before invoiceRoutes: create_preview is no invoice
		s.invoiceRoutes(),
		s.invoiceItemRoutes(),
		s.invoicePaymentRoutes(),
		s.paymentRoutes(),
		s.setupRoutes(),
		s.paymentMethodRoutes(),
		s.chargeRoutes(),
		s.captureRoutes(),
		s.refundRoutes(),
		s.disputeRoutes(),
		s.eventRoutes(),
		s.endpointRoutes(),
	)
}

// Operation is what the simulator takes: a method, a path with {} for what
// varies, and the names of the top-level parameters.
type Operation struct {
	Method string
	Path   string
	Params []string
}

// Operations lists what the simulator has of Stripe's API.
func Operations() []Operation {
	routes := (&Stripe{}).allRoutes()
	operations := make([]Operation, len(routes))
	for i, r := range routes {
		operations[i] = Operation{Method: r.method, Path: strings.Join(r.pattern, "/"), Params: slices.Clone(r.accepts)}
	}
	return operations
}
