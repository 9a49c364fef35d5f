package stripesim

import (
	"cmp"
	"maps"
)

// Plan is a product with one price, for tests and demonstrations.
type Plan struct {
	LookupKey       string
	ProductName     string
	ProductMetadata map[string]string
	Amount          int64    // in the currency's smallest unit
	Currency        string   // default usd
	Interval        string   // "", day, week, month or year
	Features        []string // lookup keys of entitlement features; made when unknown
}

// AddPlan creates the product, or takes the one of that name, and its price.
func (s *Stripe) AddPlan(plan Plan) (priceID string) {
	s.world.Change(func() {
		var product *Product
		for known := range s.state.Products.Oldest() {
			if known.Name == plan.ProductName {
				product = known
			}
		}
		if product == nil {
			product = s.addProduct(Product{Name: plan.ProductName, Active: true, Metadata: maps.Clone(plan.ProductMetadata)})
		}
		for _, lookupKey := range plan.Features {
			s.attachFeature(product, s.featureOf(lookupKey))
		}
		priceID = s.addPrice(&Price{Product: product.ID, Active: true, Currency: cmp.Or(plan.Currency, "usd"),
			Amount:    plan.Amount,
			LookupKey: plan.LookupKey, Interval: plan.Interval, IntervalCount: 1}).ID
	})
	return priceID
}
