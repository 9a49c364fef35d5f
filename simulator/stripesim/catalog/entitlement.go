package catalog

import (
	"maps"
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Catalog) entitlementRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/entitlements/features", "name lookup_key metadata", s.createFeature),
		api.Op(http.MethodGet, "/v1/entitlements/features", "lookup_key archived"+api.Paging, s.listFeatures),
		api.Op(http.MethodGet, "/v1/entitlements/features/{}", "", s.retrieveFeature),
		api.Op(http.MethodPost, "/v1/entitlements/features/{}", "active name metadata", s.updateFeature),
		api.Op(http.MethodPost, "/v1/products/{}/features", "entitlement_feature", s.createProductFeature),
		api.Op(http.MethodGet, "/v1/products/{}/features", api.Paging, s.listProductFeatures),
		api.Op(http.MethodGet, "/v1/products/{}/features/{}", "", s.retrieveProductFeature),
		api.Op(http.MethodDelete, "/v1/products/{}/features/{}", "", s.deleteProductFeature),
		api.Op(http.MethodGet, "/v1/entitlements/active_entitlements", "customer"+api.Paging, s.listEntitlements),
		api.Op(http.MethodGet, "/v1/entitlements/active_entitlements/{}", "", s.retrieveEntitlement),
	}
}

func (s *Catalog) createFeature(c *api.Call) (api.Object, error) {
	feature := &state.Feature{Name: c.Required("name"), LookupKey: c.Required("lookup_key"), Active: true,
		Metadata: c.Metadata(nil)}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if s.claimed(feature.LookupKey) {
		return nil, api.Invalid("lookup_key", "Feature with lookup key `%s` already exists.", feature.LookupKey)
	}
	feature.ID = s.World.NewID("feat_test_", 24)
	return s.ShowFeature(s.State.Features.Add(feature)), nil
}

// FeatureOf returns the feature with a lookup key. It creates one if necessary.
func (s *Catalog) FeatureOf(lookupKey string) *state.Feature {
	for known := range s.State.Features.Oldest() {
		if known.LookupKey == lookupKey {
			return known
		}
	}
	return s.State.Features.Add(&state.Feature{ID: s.World.NewID("feat_test_", 24), Name: lookupKey,
		LookupKey: lookupKey, Active: true})
}

func (s *Catalog) retrieveFeature(c *api.Call) (api.Object, error) {
	if feature := s.State.Features.Get(c.Path[0]); feature != nil {
		return s.ShowFeature(feature), nil
	}
	return nil, api.NoSuch("feature", c.Path[0], "id")
}

// updateFeature renames or archives a feature (active=false). An archived
// feature cannot be attached, but whoever has it keeps it. Its lookup key
// becomes free. There is no event.
func (s *Catalog) updateFeature(c *api.Call) (api.Object, error) {
	feature := s.State.Features.Get(c.Path[0])
	if feature == nil {
		return nil, api.NoSuch("feature", c.Path[0], "id")
	}
	changed := *feature
	changed.Active, changed.Metadata = c.Boolean("active", feature.Active), c.Metadata(feature.Metadata)
	if c.Has("name") {
		changed.Name = c.Required("name")
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if changed.Active && !feature.Active && s.claimed(feature.LookupKey) {
		return nil, api.Invalid("lookup_key", "Feature with lookup key `%s` already exists.", feature.LookupKey)
	}
	*feature = changed
	return s.ShowFeature(feature), nil
}

// claimed reports whether an active feature uses a lookup key.
func (s *Catalog) claimed(lookupKey string) bool {
	return s.State.Features.Find(func(f *state.Feature) bool { return f.Active && f.LookupKey == lookupKey }) != nil
}

func (s *Catalog) listFeatures(c *api.Call) (api.Object, error) {
	lookupKey, archived := c.Text("lookup_key"), c.Boolean("archived", false)
	return api.Paginate(c, s.State.Features.Newest(), func(f *state.Feature) bool {
		return f.Active != archived && (lookupKey == "" || f.LookupKey == lookupKey)
	}, s.ShowFeature)
}

func (s *Catalog) createProductFeature(c *api.Call) (api.Object, error) {
	product := s.State.Products.Get(c.Path[0])
	if product == nil {
		return nil, api.NoSuch("product", c.Path[0], "id")
	}
	feature := s.State.Features.Get(c.Required("entitlement_feature"))
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if feature == nil {
		return nil, api.NoSuch("feature", c.Text("entitlement_feature"), "entitlement_feature")
	}
	if !feature.Active {
		return nil, api.Invalid("entitlement_feature", "The feature %s is archived and cannot be attached.", feature.ID)
	}
	return s.ShowProductFeature(s.AttachFeature(product, feature)), nil
}

// AttachFeature attaches a feature to a product. Existing subscriptions get it
// with their next period, as at Stripe.
func (s *Catalog) AttachFeature(product *state.Product, feature *state.Feature) *state.ProductFeature {
	for known := range s.State.ProductFeatures.Oldest() {
		if known.Product == product.ID && known.Feature == feature.ID {
			return known
		}
	}
	return s.State.ProductFeatures.Add(&state.ProductFeature{ID: s.World.NewID("prodft_", 24), Product: product.ID,
		Feature: feature.ID})
}

func (s *Catalog) listProductFeatures(c *api.Call) (api.Object, error) {
	if s.State.Products.Get(c.Path[0]) == nil {
		return nil, api.NoSuch("product", c.Path[0], "id")
	}
	return api.Paginate(c, s.State.ProductFeatures.Newest(),
		func(f *state.ProductFeature) bool { return f.Product == c.Path[0] },
		s.ShowProductFeature)
}

func (s *Catalog) retrieveProductFeature(c *api.Call) (api.Object, error) {
	attached := s.State.ProductFeatures.Get(c.Path[1])
	if attached == nil || attached.Product != c.Path[0] {
		return nil, api.NoSuch("product_feature", c.Path[1], "id")
	}
	return s.ShowProductFeature(attached), nil
}

func (s *Catalog) deleteProductFeature(c *api.Call) (api.Object, error) {
	attached := s.State.ProductFeatures.Get(c.Path[1])
	if attached == nil || attached.Product != c.Path[0] {
		return nil, api.NoSuch("product_feature", c.Path[1], "id")
	}
	s.State.ProductFeatures.Remove(attached.ID)
	return api.Object{"id": attached.ID, "object": "product_feature", "deleted": true}, nil
}

func (s *Catalog) listEntitlements(c *api.Call) (api.Object, error) {
	customer := c.Required("customer")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if s.State.Customers.Get(customer) == nil {
		return nil, api.NoSuch("customer", customer, "customer")
	}
	return api.Paginate(c, api.NewestOf(s.State.Entitlements.Of(customer)), func(*state.Entitlement) bool { return true },
		s.ShowEntitlement)
}

func (s *Catalog) retrieveEntitlement(c *api.Call) (api.Object, error) {
	if entitlement := s.State.Entitlements.Get(c.Path[0]); entitlement != nil {
		return s.ShowEntitlement(entitlement), nil
	}
	return nil, api.NoSuch("active_entitlement", c.Path[0], "id")
}

// RefreshEntitlements derives a customer's entitlements from the subscriptions
// and emits the summary event if they changed. A past_due subscription
// entitles: Stripe only says "as long as the subscription is active".
func (s *Catalog) RefreshEntitlements(customer string) {
	wanted := map[string]bool{}
	for _, subscription := range s.State.Subscriptions.Of(customer) {
		if slices.Contains([]string{"active", "trialing", "past_due"}, subscription.Status) {
			for _, feature := range subscription.Features {
				wanted[feature] = true
			}
		}
	}
	before := s.entitlementSummary(customer)
	changed := false
	for _, entitlement := range s.State.Entitlements.Of(customer) {
		if !wanted[entitlement.Feature] {
			s.State.Entitlements.Remove(entitlement.ID)
			changed = true
		}
		delete(wanted, entitlement.Feature)
	}
	for _, feature := range slices.Sorted(maps.Keys(wanted)) {
		s.State.Entitlements.Add(&state.Entitlement{ID: s.World.NewID("ent_test_", 24), Customer: customer, Feature: feature})
		changed = true
	}
	if changed {
		s.Events.EmitAutomatic("entitlements.active_entitlement_summary.updated", s.entitlementSummary(customer),
			api.Object{"entitlements": api.Object{"data": before["entitlements"].(api.Object)["data"]}})
	}
}

// FeaturesOf returns the features that the products of items have now.
func (s *Catalog) FeaturesOf(items []state.SubscriptionItem) []string {
	var features []string
	for attached := range s.State.ProductFeatures.Oldest() {
		for _, item := range items {
			if price := s.State.Prices.Get(item.Price); price.Product == attached.Product &&
				!slices.Contains(features, attached.Feature) {
				features = append(features, attached.Feature)
			}
		}
	}
	return features
}

// entitlementSummary shows the first ten entitlements.
func (s *Catalog) entitlementSummary(customer string) api.Object {
	var data []any
	for _, entitlement := range slices.Backward(s.State.Entitlements.Of(customer)) {
		data = append(data, s.ShowEntitlement(entitlement))
	}
	more := len(data) > 10
	return api.Object{"object": "entitlements.active_entitlement_summary", "customer": customer, "livemode": false,
		"entitlements": api.List("/v1/customer/"+customer+"/entitlements", data[:min(10, len(data))], more)}
}
