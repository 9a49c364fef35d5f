package stripesim

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Product is what is sold. A deleted one stays for what was sold of it.
type Product struct {
	ID                  string            `json:"id"`
	Created             time.Time         `json:"created"`
	Updated             time.Time         `json:"updated"`
	Name                string            `json:"name"`
	Description         string            `json:"description"`
	Active              bool              `json:"active"`
	Metadata            map[string]string `json:"metadata"`
	DefaultPrice        string            `json:"default_price"`
	Images              []string          `json:"images"`
	MarketingFeatures   []string          `json:"marketing_features"`
	Shippable           string            `json:"shippable"` // true, false, or "" for null
	StatementDescriptor string            `json:"statement_descriptor"`
	TaxCode             string            `json:"tax_code"` // shown; there are no taxes
	UnitLabel           string            `json:"unit_label"`
	URL                 string            `json:"url"`
	Deleted             bool              `json:"deleted"`
}

// Key is the id.
func (p *Product) Key() string { return p.ID }

const productParams = "name description active metadata images url unit_label shippable statement_descriptor tax_code marketing_features"

func (s *Stripe) productRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/products", productParams+" id default_price_data", s.createProduct),
		op(http.MethodGet, "/v1/products", "active created ids shippable url"+paging, s.listProducts),
		op(http.MethodGet, "/v1/products/{}", "", s.retrieveProduct),
		op(http.MethodPost, "/v1/products/{}", productParams+" default_price", s.updateProduct),
		op(http.MethodDelete, "/v1/products/{}", "", s.removeProduct),
	}
}

func (s *Stripe) createProduct(c *call) (object, error) {
	c.required("name")
	fresh := Product{ID: c.text("id"), Active: true}
	readProduct(c.params, &fresh)
	var price *Price
	if c.has("default_price_data") {
		price = readDefaultPrice(c.sub("default_price_data"))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if known := s.state.Products.Get(fresh.ID); known != nil {
		return nil, invalidCode("resource_already_exists", "id", "Product already exists.")
	}
	product := s.addProduct(fresh)
	if price != nil {
		price.Product = product.ID
		s.addPrice(price)
		s.changeProduct(product, func() { product.DefaultPrice = price.ID })
	}
	return s.showProduct(product), nil
}

// readProduct fills in what the parameters say.
func readProduct(p params, to *Product) {
	to.Name, to.Description, to.URL = p.textOr("name", to.Name), p.textOr("description", to.Description),
		p.textOr("url", to.URL)
	to.Active, to.Metadata = p.boolean("active", to.Active), p.metadata(to.Metadata)
	to.StatementDescriptor, to.UnitLabel = p.textOr("statement_descriptor", to.StatementDescriptor),
		p.textOr("unit_label", to.UnitLabel)
	to.TaxCode = p.textOr("tax_code", to.TaxCode)
	if p.has("shippable") {
		to.Shippable = strconv.FormatBool(p.boolean("shippable", false))
	}
	if p.has("images") {
		to.Images = p.texts("images")
	}
	if p.has("marketing_features") {
		to.MarketingFeatures = nil
		for _, feature := range p.list("marketing_features") {
			to.MarketingFeatures = append(to.MarketingFeatures, feature.only("name").required("name"))
		}
	}
	switch {
	case p.has("name") && to.Name == "":
		p.fail(malformed("parameter_invalid_empty", p.name("name"),
			"You passed an empty string for 'name'. We assume empty values are an attempt to unset a parameter; however 'name' cannot be unset."))
	case len(to.Images) > 8:
		p.fail(malformed("", p.name("images"), "A product can have up to 8 images."))
	case len(to.MarketingFeatures) > 15:
		p.fail(malformed("", p.name("marketing_features"), "A product can have up to 15 marketing features."))
	case len(to.StatementDescriptor) > 22:
		p.fail(malformed("", p.name("statement_descriptor"), "A statement descriptor can have up to 22 characters."))
	}
}

// readInlineProduct reads the product_data of a price.
func readInlineProduct(p params, of string) Product {
	data := p.sub(of).only("name", "active", "description", "images", "metadata", "statement_descriptor", "tax_code",
		"unit_label")
	data.required("name")
	product := Product{Active: true}
	readProduct(data, &product)
	return product
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
	product, err := s.liveProduct(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	changed := *product
	readProduct(c.params, &changed)
	changed.DefaultPrice = c.textOr("default_price", product.DefaultPrice)
	if changed.DefaultPrice != product.DefaultPrice && changed.DefaultPrice != "" {
		price, err := s.livePrice(changed.DefaultPrice, "default_price")
		switch {
		case err != nil:
			return nil, err
		case price.Product != product.ID:
			return nil, invalid("default_price", "The price `%s` does not belong to this product.", price.ID)
		case !price.Active:
			return nil, invalid("default_price", "The price `%s` is inactive and cannot be the default price.", price.ID)
		}
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	s.changeProduct(product, func() { *product = changed })
	return s.showProduct(product), nil
}

// changeProduct applies a change and writes product.updated if anything shows.
func (s *Stripe) changeProduct(product *Product, change func()) {
	before := s.showProduct(product)
	change()
	if len(previous(before, s.showProduct(product))) > 0 {
		product.Updated = s.now()
	}
	s.emitUpdate("product.updated", before, s.showProduct(product))
}

// removeProduct deletes a product that was never priced: what has prices can
// only be archived.
func (s *Stripe) removeProduct(c *call) (object, error) {
	product, err := s.liveProduct(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(s.state.Prices.Of(product.ID), func(price *Price) bool { return !price.Deleted }) {
		return nil, invalid("", "This product cannot be deleted because it has one or more user-created prices.")
	}
	last := s.showProduct(product)
	product.Deleted, product.Active = true, false
	s.emit("product.deleted", last, nil)
	return s.showProduct(product), nil
}

// liveProduct finds a product that is not deleted.
func (s *Stripe) liveProduct(id, param string) (*Product, error) {
	product := s.state.Products.Get(id)
	if product == nil || product.Deleted {
		return nil, noSuch("product", id, param)
	}
	return product, nil
}

func (s *Stripe) retrieveProduct(c *call) (object, error) {
	product, err := s.liveProduct(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	return s.showProduct(product), nil
}

func (s *Stripe) listProducts(c *call) (object, error) {
	within, ids, address := createdFilter(c), c.texts("ids"), c.text("url")
	active, shippable := c.boolean("active", true), strconv.FormatBool(c.boolean("shippable", false))
	return paginate(c, s.state.Products.Newest(), func(p *Product) bool {
		return !p.Deleted && (!c.has("active") || p.Active == active) && (len(ids) == 0 || slices.Contains(ids, p.ID)) &&
			(!c.has("shippable") || p.Shippable == shippable) && (address == "" || p.URL == address) && within(p.Created)
	}, s.showProduct)
}

func (s *Stripe) showProduct(p *Product) object {
	if p.Deleted {
		return object{"id": p.ID, "object": "product", "deleted": true}
	}
	images, features := make([]any, len(p.Images)), make([]any, len(p.MarketingFeatures))
	for i, image := range p.Images {
		images[i] = image
	}
	for i, feature := range p.MarketingFeatures {
		features[i] = object{"name": feature}
	}
	var shippable any
	if p.Shippable != "" {
		shippable = p.Shippable == "true"
	}
	return object{"id": p.ID, "object": "product", "active": p.Active, "created": p.Created.Unix(),
		"updated":       p.Updated.Unix(),
		"default_price": orNull(p.DefaultPrice), "description": orNull(p.Description), "images": images, "livemode": false,
		"marketing_features": features, "metadata": shown(p.Metadata), "name": p.Name, "package_dimensions": nil,
		"shippable":            shippable,
		"statement_descriptor": orNull(p.StatementDescriptor), "tax_code": orNull(p.TaxCode), "type": "service",
		"unit_label": orNull(p.UnitLabel), "url": orNull(p.URL)}
}
