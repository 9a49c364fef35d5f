package stripesim

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/catalog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// AddPlan creates a price, and its product unless one of that name exists.
func (s *Stripe) AddPlan(plan catalog.Plan) (priceID string) {
	s.account.World.Change(func() {
		var product *state.Product
		for known := range s.account.State.Products.Oldest() {
			if known.Name == plan.ProductName {
				product = known
			}
		}
		if product == nil {
			product = s.catalog.AddProduct(state.Product{Name: plan.ProductName, Active: true,
				Metadata: maps.Clone(plan.ProductMetadata)})
		}
		for _, lookupKey := range plan.Features {
			s.catalog.AttachFeature(product, s.catalog.FeatureOf(lookupKey))
		}
		priceID = s.catalog.AddPrice(&state.Price{Product: product.ID, Active: true, Currency: cmp.Or(plan.Currency, "usd"),
			Amount: plan.Amount, LookupKey: plan.LookupKey, Interval: plan.Interval, IntervalCount: 1}).ID
	})
	return priceID
}

// SavePortalSettings creates the default portal configuration, as saving the
// portal settings in the Dashboard does. Without one, a portal session must
// name a configuration. It does nothing if there is one already.
func (s *Stripe) SavePortalSettings() { s.account.World.Change(s.portal.AddDefaultConfiguration) }

// PortalSaved reports whether there is a default portal configuration.
func (s *Stripe) PortalSaved() (saved bool) {
	s.account.World.View(func() { saved = s.portal.DefaultConfiguration() != nil })
	return saved
}

// OpenPortal starts a portal session of a customer, which leads back to
// returnURL, and returns the URL of its page. It returns the errors of the API.
func (s *Stripe) OpenPortal(customer, returnURL string) (page string, err error) {
	s.account.World.Change(func() {
		var session api.Object
		session, err = s.perform(http.MethodPost, "/v1/billing_portal/sessions",
			url.Values{"customer": {customer}, "return_url": {returnURL}})
		page, _ = session["url"].(string)
	})
	return page, err
}
