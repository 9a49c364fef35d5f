package catalog

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

const productParams = "name description active metadata images url unit_label shippable statement_descriptor tax_code marketing_features"

func (s *Catalog) productRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/products", productParams+" id default_price_data", s.createProduct),
		api.Op(http.MethodGet, "/v1/products", "active created ids shippable url"+api.Paging, s.listProducts),
		api.Op(http.MethodGet, "/v1/products/{}", "", s.retrieveProduct),
		api.Op(http.MethodPost, "/v1/products/{}", productParams+" default_price", s.updateProduct),
		api.Op(http.MethodDelete, "/v1/products/{}", "", s.removeProduct),
	}
}

func (s *Catalog) createProduct(c *api.Call) (api.Object, error) {
	c.Required("name")
	fresh := state.Product{ID: c.Text("id"), Active: true}
	readProduct(c.Params, &fresh)
	var price *state.Price
	if c.Has("default_price_data") {
		price = readDefaultPrice(c.Sub("default_price_data"))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if known := s.State.Products.Get(fresh.ID); known != nil {
		return nil, api.InvalidCode("resource_already_exists", "id", "Product already exists.")
	}
	product := s.AddProduct(fresh)
	if price != nil {
		price.Product = product.ID
		s.AddPrice(price)
		s.changeProduct(product, func() { product.DefaultPrice = price.ID })
	}
	return s.ShowProduct(product), nil
}

// readProduct reads the parameters of a product.
func readProduct(p api.Params, to *state.Product) {
	to.Name, to.Description, to.URL = p.TextOr("name", to.Name), p.TextOr("description", to.Description),
		p.TextOr("url", to.URL)
	to.Active, to.Metadata = p.Boolean("active", to.Active), p.Metadata(to.Metadata)
	to.StatementDescriptor, to.UnitLabel = p.TextOr("statement_descriptor", to.StatementDescriptor),
		p.TextOr("unit_label", to.UnitLabel)
	to.TaxCode = p.TextOr("tax_code", to.TaxCode)
	if p.Has("shippable") {
		to.Shippable = strconv.FormatBool(p.Boolean("shippable", false))
	}
	if p.Has("images") {
		to.Images = p.Texts("images")
	}
	if p.Has("marketing_features") {
		to.MarketingFeatures = nil
		for _, feature := range p.List("marketing_features") {
			to.MarketingFeatures = append(to.MarketingFeatures, feature.Only("name").Required("name"))
		}
	}
	switch {
	case p.Has("name") && to.Name == "":
		p.Fail(api.Malformed("parameter_invalid_empty", p.Name("name"),
			"You passed an empty string for 'name'. We assume empty values are an attempt to unset a parameter; however 'name' cannot be unset."))
	case len(to.Images) > 8:
		p.Fail(api.Malformed("", p.Name("images"), "A product can have up to 8 images."))
	case len(to.MarketingFeatures) > 15:
		p.Fail(api.Malformed("", p.Name("marketing_features"), "A product can have up to 15 marketing features."))
	case len(to.StatementDescriptor) > 22:
		p.Fail(api.Malformed("", p.Name("statement_descriptor"), "A statement descriptor can have up to 22 characters."))
	}
}

// ReadInlineProduct reads the product_data of a price.
func ReadInlineProduct(p api.Params, of string) state.Product {
	data := p.Sub(of).Only("name", "active", "description", "images", "metadata", "statement_descriptor", "tax_code",
		"unit_label")
	data.Required("name")
	product := state.Product{Active: true}
	readProduct(data, &product)
	return product
}

// AddProduct stores a product and emits product.created.
func (s *Catalog) AddProduct(fresh state.Product) *state.Product {
	if fresh.ID == "" {
		fresh.ID = s.World.NewID("prod_", 14)
	}
	fresh.Created, fresh.Updated = s.Now(), s.Now()
	product := s.State.Products.Add(&fresh)
	s.Events.Emit("product.created", s.ShowProduct(product), nil)
	return product
}

func (s *Catalog) updateProduct(c *api.Call) (api.Object, error) {
	product, err := s.liveProduct(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	changed := *product
	readProduct(c.Params, &changed)
	changed.DefaultPrice = c.TextOr("default_price", product.DefaultPrice)
	if changed.DefaultPrice != product.DefaultPrice && changed.DefaultPrice != "" {
		price, err := s.livePrice(changed.DefaultPrice, "default_price")
		switch {
		case err != nil:
			return nil, err
		case price.Product != product.ID:
			return nil, api.Invalid("default_price", "The price `%s` does not belong to this product.", price.ID)
		case !price.Active:
			return nil, api.Invalid("default_price", "The price `%s` is inactive and cannot be the default price.", price.ID)
		}
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	s.changeProduct(product, func() { *product = changed })
	return s.ShowProduct(product), nil
}

// changeProduct applies a change and emits product.updated if the object shows
// a difference.
func (s *Catalog) changeProduct(product *state.Product, change func()) {
	before := s.ShowProduct(product)
	change()
	if len(api.Previous(before, s.ShowProduct(product))) > 0 {
		product.Updated = s.Now()
	}
	s.Events.EmitUpdate("product.updated", before, s.ShowProduct(product))
}

// removeProduct deletes a product without prices. One with prices can only be
// archived.
func (s *Catalog) removeProduct(c *api.Call) (api.Object, error) {
	product, err := s.liveProduct(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(s.State.Prices.Of(product.ID), func(price *state.Price) bool { return !price.Deleted }) {
		return nil, api.Invalid("", "This product cannot be deleted because it has one or more user-created prices.")
	}
	last := s.ShowProduct(product)
	product.Deleted, product.Active = true, false
	s.Events.Emit("product.deleted", last, nil)
	return s.ShowProduct(product), nil
}

// liveProduct returns a product that is not deleted.
func (s *Catalog) liveProduct(id, param string) (*state.Product, error) {
	product := s.State.Products.Get(id)
	if product == nil || product.Deleted {
		return nil, api.NoSuch("product", id, param)
	}
	return product, nil
}

func (s *Catalog) retrieveProduct(c *api.Call) (api.Object, error) {
	product, err := s.liveProduct(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	return s.ShowProduct(product), nil
}

func (s *Catalog) listProducts(c *api.Call) (api.Object, error) {
	within, ids, address := api.CreatedFilter(c), c.Texts("ids"), c.Text("url")
	active, shippable := c.Boolean("active", true), strconv.FormatBool(c.Boolean("shippable", false))
	return api.Paginate(c, s.State.Products.Newest(), func(p *state.Product) bool {
		return !p.Deleted && (!c.Has("active") || p.Active == active) && (len(ids) == 0 || slices.Contains(ids, p.ID)) &&
			(!c.Has("shippable") || p.Shippable == shippable) && (address == "" || p.URL == address) && within(p.Created)
	}, s.ShowProduct)
}
