package stripesim

import (
	"maps"
	"net/http"
	"slices"
)

// Feature is an entitlement feature.
type Feature struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	LookupKey string            `json:"lookup_key"`
	Active    bool              `json:"active"`
	Metadata  map[string]string `json:"metadata"`
}

// Key is the id.
func (f *Feature) Key() string { return f.ID }

// ProductFeature says that a product comes with a feature.
type ProductFeature struct {
	ID      string `json:"id"`
	Product string `json:"product"`
	Feature string `json:"feature"`
}

// Key is the id.
func (f *ProductFeature) Key() string { return f.ID }

// Entitlement is a feature that a customer has now.
type Entitlement struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	Feature  string `json:"feature"`
}

// Key is the id.
func (e *Entitlement) Key() string { return e.ID }

// Owner is the customer.
func (e *Entitlement) Owner() string { return e.Customer }

func (s *Stripe) entitlementRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/entitlements/features", "name lookup_key metadata", s.createFeature),
		op(http.MethodGet, "/v1/entitlements/features", "lookup_key archived"+paging, s.listFeatures),
		op(http.MethodGet, "/v1/entitlements/features/{}", "", s.retrieveFeature),
		op(http.MethodPost, "/v1/entitlements/features/{}", "active name metadata", s.updateFeature),
		op(http.MethodPost, "/v1/products/{}/features", "entitlement_feature", s.createProductFeature),
		op(http.MethodGet, "/v1/products/{}/features", paging, s.listProductFeatures),
		op(http.MethodGet, "/v1/products/{}/features/{}", "", s.retrieveProductFeature),
		op(http.MethodDelete, "/v1/products/{}/features/{}", "", s.deleteProductFeature),
		op(http.MethodGet, "/v1/entitlements/active_entitlements", "customer"+paging, s.listEntitlements),
		op(http.MethodGet, "/v1/entitlements/active_entitlements/{}", "", s.retrieveEntitlement),
	}
}

func (s *Stripe) createFeature(c *call) (object, error) {
	feature := &Feature{Name: c.required("name"), LookupKey: c.required("lookup_key"), Active: true,
		Metadata: c.metadata(nil)}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if s.claimed(feature.LookupKey) {
		return nil, invalid("lookup_key", "Feature with lookup key `%s` already exists.", feature.LookupKey)
	}
	feature.ID = s.world.NewID("feat_test_", 24)
	return s.showFeature(s.state.Features.Add(feature)), nil
}

// featureOf returns the feature with the lookup key, made if it is unknown.
func (s *Stripe) featureOf(lookupKey string) *Feature {
	for known := range s.state.Features.Oldest() {
		if known.LookupKey == lookupKey {
			return known
		}
	}
	return s.state.Features.Add(&Feature{ID: s.world.NewID("feat_test_", 24), Name: lookupKey, LookupKey: lookupKey,
		Active: true})
}

func (s *Stripe) retrieveFeature(c *call) (object, error) {
	if feature := s.state.Features.Get(c.path[0]); feature != nil {
		return s.showFeature(feature), nil
	}
	return nil, noSuch("feature", c.path[0], "id")
}

// updateFeature renames a feature or archives it (active=false): an archived one
// cannot be attached any more and who has it keeps it, but its lookup key is free.
// There is no event.
func (s *Stripe) updateFeature(c *call) (object, error) {
	feature := s.state.Features.Get(c.path[0])
	if feature == nil {
		return nil, noSuch("feature", c.path[0], "id")
	}
	changed := *feature
	changed.Active, changed.Metadata = c.boolean("active", feature.Active), c.metadata(feature.Metadata)
	if c.has("name") {
		changed.Name = c.required("name")
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if changed.Active && !feature.Active && s.claimed(feature.LookupKey) {
		return nil, invalid("lookup_key", "Feature with lookup key `%s` already exists.", feature.LookupKey)
	}
	*feature = changed
	return s.showFeature(feature), nil
}

// claimed says whether an active feature has a lookup key.
func (s *Stripe) claimed(lookupKey string) bool {
	return s.state.Features.Find(func(f *Feature) bool { return f.Active && f.LookupKey == lookupKey }) != nil
}

func (s *Stripe) listFeatures(c *call) (object, error) {
	lookupKey, archived := c.text("lookup_key"), c.boolean("archived", false)
	return paginate(c, s.state.Features.Newest(), func(f *Feature) bool {
		return f.Active != archived && (lookupKey == "" || f.LookupKey == lookupKey)
	}, s.showFeature)
}

func (s *Stripe) createProductFeature(c *call) (object, error) {
	product := s.state.Products.Get(c.path[0])
	if product == nil {
		return nil, noSuch("product", c.path[0], "id")
	}
	feature := s.state.Features.Get(c.required("entitlement_feature"))
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if feature == nil {
		return nil, noSuch("feature", c.text("entitlement_feature"), "entitlement_feature")
	}
	if !feature.Active {
		return nil, invalid("entitlement_feature", "The feature %s is archived and cannot be attached.", feature.ID)
	}
	return s.showProductFeature(s.attachFeature(product, feature)), nil
}

// attachFeature changes nothing for subscriptions that exist, until their next
// period begins; so does Stripe.
func (s *Stripe) attachFeature(product *Product, feature *Feature) *ProductFeature {
	for known := range s.state.ProductFeatures.Oldest() {
		if known.Product == product.ID && known.Feature == feature.ID {
			return known
		}
	}
	return s.state.ProductFeatures.Add(&ProductFeature{ID: s.world.NewID("prodft_", 24), Product: product.ID,
		Feature: feature.ID})
}

func (s *Stripe) listProductFeatures(c *call) (object, error) {
	if s.state.Products.Get(c.path[0]) == nil {
		return nil, noSuch("product", c.path[0], "id")
	}
	return paginate(c, s.state.ProductFeatures.Newest(), func(f *ProductFeature) bool { return f.Product == c.path[0] },
		s.showProductFeature)
}

func (s *Stripe) retrieveProductFeature(c *call) (object, error) {
	attached := s.state.ProductFeatures.Get(c.path[1])
	if attached == nil || attached.Product != c.path[0] {
		return nil, noSuch("product_feature", c.path[1], "id")
	}
	return s.showProductFeature(attached), nil
}

func (s *Stripe) deleteProductFeature(c *call) (object, error) {
	attached := s.state.ProductFeatures.Get(c.path[1])
	if attached == nil || attached.Product != c.path[0] {
		return nil, noSuch("product_feature", c.path[1], "id")
	}
	s.state.ProductFeatures.Remove(attached.ID)
	return object{"id": attached.ID, "object": "product_feature", "deleted": true}, nil
}

func (s *Stripe) listEntitlements(c *call) (object, error) {
	customer := c.required("customer")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if s.state.Customers.Get(customer) == nil {
		return nil, noSuch("customer", customer, "customer")
	}
	return paginate(c, newestOf(s.state.Entitlements.Of(customer)), func(*Entitlement) bool { return true },
		s.showEntitlement)
}

func (s *Stripe) retrieveEntitlement(c *call) (object, error) {
	if entitlement := s.state.Entitlements.Get(c.path[0]); entitlement != nil {
		return s.showEntitlement(entitlement), nil
	}
	return nil, noSuch("active_entitlement", c.path[0], "id")
}

// refreshEntitlements makes a customer's entitlements follow the subscriptions
// and writes the summary event when they changed. past_due entitles: Stripe
// says "as long as the subscription is active" and does not say more.
func (s *Stripe) refreshEntitlements(customer string) {
	wanted := map[string]bool{}
	for _, subscription := range s.state.Subscriptions.Of(customer) {
		if slices.Contains([]string{"active", "trialing", "past_due"}, subscription.Status) {
			for _, feature := range subscription.Features {
				wanted[feature] = true
			}
		}
	}
	before := s.entitlementSummary(customer)
	changed := false
	for _, entitlement := range s.state.Entitlements.Of(customer) {
		if !wanted[entitlement.Feature] {
			s.state.Entitlements.Remove(entitlement.ID)
			changed = true
		}
		delete(wanted, entitlement.Feature)
	}
	for _, feature := range slices.Sorted(maps.Keys(wanted)) {
		s.state.Entitlements.Add(&Entitlement{ID: s.world.NewID("ent_test_", 24), Customer: customer, Feature: feature})
		changed = true
	}
	if changed {
		s.emitAutomatic("entitlements.active_entitlement_summary.updated", s.entitlementSummary(customer),
			object{"entitlements": object{"data": before["entitlements"].(object)["data"]}})
	}
}

// featuresOf returns the features that come with the products of items now.
func (s *Stripe) featuresOf(items []SubscriptionItem) []string {
	var features []string
	for attached := range s.state.ProductFeatures.Oldest() {
		for _, item := range items {
			if price := s.state.Prices.Get(item.Price); price.Product == attached.Product &&
				!slices.Contains(features, attached.Feature) {
				features = append(features, attached.Feature)
			}
		}
	}
	return features
}

// entitlementSummary shows at most ten; the rest has to be listed.
func (s *Stripe) entitlementSummary(customer string) object {
	var data []any
	for _, entitlement := range slices.Backward(s.state.Entitlements.Of(customer)) {
		data = append(data, s.showEntitlement(entitlement))
	}
	more := len(data) > 10
	return object{"object": "entitlements.active_entitlement_summary", "customer": customer, "livemode": false,
		"entitlements": list("/v1/customer/"+customer+"/entitlements", data[:min(10, len(data))], more)}
}

func (s *Stripe) showFeature(f *Feature) object {
	return object{"id": f.ID, "object": "entitlements.feature", "active": f.Active, "livemode": false,
		"lookup_key": f.LookupKey, "metadata": shown(f.Metadata), "name": f.Name}
}

func (s *Stripe) showProductFeature(f *ProductFeature) object {
	return object{"id": f.ID, "object": "product_feature", "livemode": false,
		"entitlement_feature": s.showFeature(s.state.Features.Get(f.Feature))}
}

func (s *Stripe) showEntitlement(e *Entitlement) object {
	return object{"id": e.ID, "object": "entitlements.active_entitlement", "feature": e.Feature, "livemode": false,
		"lookup_key": s.state.Features.Get(e.Feature).LookupKey}
}
