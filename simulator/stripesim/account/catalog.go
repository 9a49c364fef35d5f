package account

import (
	"cmp"
	"strconv"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ShowFeature shows an entitlement feature.
func (s *Account) ShowFeature(f *state.Feature) api.Object {
	return api.Object{"id": f.ID, "object": "entitlements.feature", "active": f.Active, "livemode": false,
		"lookup_key": f.LookupKey, "metadata": api.Shown(f.Metadata), "name": f.Name}
}

// ShowProductFeature shows a product feature.
func (s *Account) ShowProductFeature(f *state.ProductFeature) api.Object {
	return api.Object{"id": f.ID, "object": "product_feature", "livemode": false,
		"entitlement_feature": s.ShowFeature(s.State.Features.Get(f.Feature))}
}

// ShowEntitlement shows an active entitlement.
func (s *Account) ShowEntitlement(e *state.Entitlement) api.Object {
	return api.Object{"id": e.ID, "object": "entitlements.active_entitlement", "feature": e.Feature, "livemode": false,
		"lookup_key": s.State.Features.Get(e.Feature).LookupKey}
}

// ShowPlan shows a recurring price in its old shape, which subscriptions still
// contain.
func (s *Account) ShowPlan(p *state.Price) api.Object {
	return api.Object{"id": p.ID, "object": "plan", "active": p.Active, "amount": p.Amount,
		"amount_decimal": strconv.FormatInt(p.Amount, 10), "billing_scheme": "per_unit", "created": p.Created.Unix(),
		"currency": p.Currency, "interval": p.Interval, "interval_count": p.Count(), "livemode": false,
		"metadata": api.Shown(p.Metadata), "meter": nil, "nickname": api.OrNull(p.Nickname), "product": p.Product,
		"tiers_mode": nil, "transform_usage": nil, "trial_period_days": nil, "usage_type": "licensed"}
}

// ShowPrice shows a price.
func (s *Account) ShowPrice(p *state.Price) api.Object {
	var recurring any
	if p.Recurring() {
		recurring = api.Object{"interval": p.Interval, "interval_count": p.Count(), "meter": nil, "trial_period_days": nil,
			"usage_type": "licensed"}
	}
	return api.Object{"id": p.ID, "object": "price", "active": p.Active, "billing_scheme": "per_unit",
		"created": p.Created.Unix(), "currency": p.Currency, "custom_unit_amount": nil, "livemode": false,
		"lookup_key": api.OrNull(p.LookupKey), "metadata": api.Shown(p.Metadata), "nickname": api.OrNull(p.Nickname),
		"product": p.Product, "recurring": recurring, "tax_behavior": cmp.Or(p.TaxBehavior, "unspecified"),
		"tiers_mode": nil, "transform_quantity": nil, "type": p.Kind(), "unit_amount": p.Amount,
		"unit_amount_decimal": strconv.FormatInt(p.Amount, 10)}
}

// ShowProduct shows a product.
func (s *Account) ShowProduct(p *state.Product) api.Object {
	if p.Deleted {
		return api.Object{"id": p.ID, "object": "product", "deleted": true}
	}
	images, features := make([]any, len(p.Images)), make([]any, len(p.MarketingFeatures))
	for i, image := range p.Images {
		images[i] = image
	}
	for i, feature := range p.MarketingFeatures {
		features[i] = api.Object{"name": feature}
	}
	var shippable any
	if p.Shippable != "" {
		shippable = p.Shippable == "true"
	}
	return api.Object{"id": p.ID, "object": "product", "active": p.Active, "created": p.Created.Unix(),
		"updated": p.Updated.Unix(), "default_price": api.OrNull(p.DefaultPrice), "description": api.OrNull(p.Description),
		"images": images, "livemode": false, "marketing_features": features, "metadata": api.Shown(p.Metadata),
		"name": p.Name, "package_dimensions": nil, "shippable": shippable,
		"statement_descriptor": api.OrNull(p.StatementDescriptor), "tax_code": api.OrNull(p.TaxCode), "type": "service",
		"unit_label": api.OrNull(p.UnitLabel), "url": api.OrNull(p.URL)}
}

// ShowTaxRate shows a tax rate.
func (s *Account) ShowTaxRate(t *state.TaxRate) api.Object {
	return api.Object{"id": t.ID, "object": "tax_rate", "active": t.Active, "country": api.OrNull(t.Country),
		"created": t.Created.Unix(), "description": api.OrNull(t.Description), "display_name": t.DisplayName,
		"effective_percentage": nil, "flat_amount": nil, "inclusive": t.Inclusive,
		"jurisdiction": api.OrNull(t.Jurisdiction), "jurisdiction_level": nil, "livemode": false,
		"metadata": api.Shown(t.Metadata), "percentage": t.Percentage, "rate_type": "percentage",
		"state": api.OrNull(t.State), "tax_type": api.OrNull(t.TaxType)}
}
