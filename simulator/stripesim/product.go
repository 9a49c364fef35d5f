package stripesim

import (
	"net/http"
	"slices"
	"time"
)

// Product is what is sold.
type Product struct {
	ID           string            `json:"id"`
	Created      time.Time         `json:"created"`
	Updated      time.Time         `json:"updated"`
	Name         string            `json:"name"`
	Description  string            `json:"description"`
	Active       bool              `json:"active"`
	Metadata     map[string]string `json:"metadata"`
	DefaultPrice string            `json:"default_price"`
}

// Key is the id.
func (p *Product) Key() string { return p.ID }

var catalogRoutes = []route{
	op(http.MethodPost, "/v1/products", "id name description active metadata images url unit_label shippable statement_descriptor tax_code marketing_features", (*Stripe).createProduct),
	op(http.MethodGet, "/v1/products", "active created ids"+paging, (*Stripe).listProducts),
	op(http.MethodGet, "/v1/products/{}", "", (*Stripe).retrieveProduct),
	op(http.MethodPost, "/v1/products/{}", "name description active metadata default_price images url unit_label tax_code", (*Stripe).updateProduct),
	op(http.MethodPost, "/v1/prices", "product product_data currency unit_amount recurring lookup_key transfer_lookup_key nickname active metadata billing_scheme tax_behavior", (*Stripe).createPrice),
	op(http.MethodGet, "/v1/prices", "active created currency lookup_keys product recurring type"+paging, (*Stripe).listPrices),
	op(http.MethodGet, "/v1/prices/{}", "", (*Stripe).retrievePrice),
	op(http.MethodPost, "/v1/prices/{}", "active lookup_key transfer_lookup_key metadata nickname", (*Stripe).updatePrice),
}

func (s *Stripe) createProduct(c *call) (object, error) {
	fresh := Product{ID: c.text("id"), Name: c.required("name"), Description: c.text("description"),
		Active: c.boolean("active", true), Metadata: c.metadata(nil)}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if s.state.Products.Get(fresh.ID) != nil {
		return nil, invalidCode("resource_already_exists", "id", "Product already exists.")
	}
	return s.showProduct(s.addProduct(fresh)), nil
}

func (s *Stripe) addProduct(fresh Product) *Product {
	if fresh.ID == "" {
		fresh.ID = s.world.NewID("prod_", 14)
	}
	fresh.Created, fresh.Updated = s.now(), s.now()
	product := s.state.Products.Add(&fresh)
	s.emit("product.created", s.showProduct(product), nil)
	return product
}

func (s *Stripe) updateProduct(c *call) (object, error) {
	product := s.state.Products.Get(c.path[0])
	if product == nil {
		return nil, noSuch("product", c.path[0], "id")
	}
	changed := *product
	changed.Name, changed.Description = c.textOr("name", product.Name), c.textOr("description", product.Description)
	changed.Active, changed.DefaultPrice = c.boolean("active", product.Active), c.textOr("default_price", product.DefaultPrice)
	changed.Metadata = c.metadata(product.Metadata)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	before := s.showProduct(product)
	changed.Updated = s.now()
	*product = changed
	s.emitUpdate("product.updated", before, s.showProduct(product))
	return s.showProduct(product), nil
}

func (s *Stripe) retrieveProduct(c *call) (object, error) {
	if product := s.state.Products.Get(c.path[0]); product != nil {
		return s.showProduct(product), nil
	}
	return nil, noSuch("product", c.path[0], "id")
}

func (s *Stripe) listProducts(c *call) (object, error) {
	within, ids := createdFilter(c), c.texts("ids")
	active := c.boolean("active", true)
	return paginate(c, s.state.Products.Newest(), func(p *Product) bool {
		return (!c.has("active") || p.Active == active) && (len(ids) == 0 || slices.Contains(ids, p.ID)) && within(p.Created)
	}, s.showProduct)
}

func (s *Stripe) showProduct(p *Product) object {
	return object{"id": p.ID, "object": "product", "active": p.Active, "created": p.Created.Unix(), "updated": p.Updated.Unix(),
		"default_price": orNull(p.DefaultPrice), "description": orNull(p.Description), "images": []any{}, "livemode": false,
		"marketing_features": []any{}, "metadata": shown(p.Metadata), "name": p.Name, "package_dimensions": nil, "shippable": nil,
		"statement_descriptor": nil, "tax_code": nil, "type": "service", "unit_label": nil, "url": nil}
}
