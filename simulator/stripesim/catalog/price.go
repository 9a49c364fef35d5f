package catalog

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// maxAmount is the largest amount of a price.
const maxAmount = 99999999

// Refused, because they would change what is billed: currency_options,
// custom_unit_amount, tiers, tiers_mode, transform_quantity.
func (s *Catalog) priceRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/prices", "product product_data currency unit_amount unit_amount_decimal recurring lookup_key transfer_lookup_key nickname active metadata billing_scheme tax_behavior", s.createPrice),
		api.Op(http.MethodGet, "/v1/prices", "active created currency lookup_keys product recurring type"+api.Paging,
			s.listPrices),
		api.Op(http.MethodGet, "/v1/prices/{}", "", s.retrievePrice),
		api.Op(http.MethodPost, "/v1/prices/{}", "active lookup_key transfer_lookup_key metadata nickname tax_behavior",
			s.updatePrice),
	}
}

func (s *Catalog) createPrice(c *api.Call) (api.Object, error) {
	fresh := s.ReadPrice(c.Params)
	fresh.LookupKey, fresh.Nickname = c.Text("lookup_key"), c.Text("nickname")
	fresh.Active, fresh.Metadata = c.Boolean("active", true), c.Metadata(nil)
	c.Enum("billing_scheme", "per_unit", "per_unit")
	transfer := c.Boolean("transfer_lookup_key", false)
	var inline state.Product
	if fresh.Product == "" {
		inline = ReadInlineProduct(c.Params, "product_data")
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if failure := s.claimLookupKey(fresh.LookupKey, "", transfer); failure != nil {
		return nil, failure
	}
	return s.ShowPrice(s.AddPriceOf(fresh, inline)), nil
}

// ReadPrice reads the parameters that prices and inline price_data share.
func (s *Catalog) ReadPrice(p api.Params) state.Price {
	price := readAmount(p)
	price.Product = p.Text("product")
	switch inline := p.Has("product_data"); {
	case price.Product == "" && !inline:
		p.Fail(api.MissingParam(p.Name("product")))
	case price.Product != "" && inline:
		p.Fail(api.Malformed("", p.Name("product_data"), "You may only specify one of these parameters: product, product_data."))
	case price.Product != "":
		if _, err := s.liveProduct(price.Product, p.Name("product")); err != nil {
			p.Fail(api.NoSuch("product", price.Product, p.Name("product")))
		}
	}
	return price
}

// readAmount reads the amount of a price and its interval.
func readAmount(p api.Params) state.Price {
	price := state.Price{Active: true, Currency: strings.ToLower(p.Required("currency")),
		Amount:      p.Integer("unit_amount", 0),
		TaxBehavior: p.Enum("tax_behavior", "unspecified", "exclusive", "inclusive", "unspecified")}
	switch whole, decimal := p.Has("unit_amount"), p.Has("unit_amount_decimal"); {
	case whole && decimal:
		p.Fail(api.Malformed("", p.Name("unit_amount_decimal"),
			"You may only specify one of these parameters: unit_amount, unit_amount_decimal."))
	case decimal:
		price.Amount = p.WholeDecimal("unit_amount_decimal")
	case !whole:
		p.Fail(api.MissingParam(p.Name("unit_amount")))
	}
	switch {
	case price.Amount < 0:
		p.Fail(api.Malformed("parameter_invalid_integer", p.Name("unit_amount"),
			"This value must be greater than or equal to 0."))
	case price.Amount > maxAmount:
		p.Fail(api.Malformed("parameter_invalid_integer", p.Name("unit_amount"), "Invalid integer: the largest amount is %d.",
			maxAmount))
	case len(price.Currency) != 3 && price.Currency != "":
		p.Fail(api.Invalid(p.Name("currency"), "Invalid currency: %s.", price.Currency))
	}
	if p.Has("recurring") {
		recurring := p.Sub("recurring").Only("interval", "interval_count", "usage_type")
		price.Interval, price.IntervalCount = ReadInterval(recurring)
		if recurring.Enum("usage_type", "licensed", "licensed", "metered") == "metered" {
			p.Fail(api.Malformed("", recurring.Name("usage_type"), "Metered prices are not simulated."))
		}
	}
	return price
}

// ReadInterval reads the interval of a price, three years at most.
func ReadInterval(p api.Params) (string, int64) {
	p.Required("interval")
	interval, count := p.Enum("interval", "", "day", "week", "month", "year"), max(1, p.Positive("interval_count"))
	if most := map[string]int64{"day": 1095, "week": 156, "month": 36, "year": 3}[interval]; interval != "" &&
		count > most {
		p.Fail(api.Malformed("", p.Name("interval_count"), "An interval can be up to three years, which is %d of %s.", most,
			interval))
	}
	return interval, count
}

// readDefaultPrice reads the default_price_data of a product.
func readDefaultPrice(p api.Params) *state.Price {
	p.Only("currency", "unit_amount", "unit_amount_decimal", "recurring", "tax_behavior", "metadata")
	price := readAmount(p)
	price.Metadata = p.Metadata(nil)
	return &price
}

// AddPriceOf stores a price. If it has no product yet, it stores the given one
// too.
func (s *Catalog) AddPriceOf(fresh state.Price, product state.Product) *state.Price {
	if fresh.Product == "" {
		fresh.Product = s.AddProduct(product).ID
	}
	return s.AddPrice(&fresh)
}

// AddPrice stores a price and emits price.created.
func (s *Catalog) AddPrice(fresh *state.Price) *state.Price {
	if fresh.ID == "" {
		fresh.ID = s.World.NewID("price_1", 23)
	}
	fresh.Created = s.Now()
	price := s.State.Prices.Add(fresh)
	if price.Recurring() {
		s.Events.Emit("plan.created", s.ShowPlan(price), nil)
	}
	s.Events.Emit("price.created", s.ShowPrice(price), nil)
	return price
}

// changePrice applies a change. If the object shows a difference, it emits
// price.updated, and plan.updated for a recurring price.
func (s *Catalog) changePrice(price *state.Price, change func()) {
	before, plan := s.ShowPrice(price), s.ShowPlan(price)
	change()
	if price.Recurring() {
		s.Events.EmitUpdate("plan.updated", plan, s.ShowPlan(price))
	}
	s.Events.EmitUpdate("price.updated", before, s.ShowPrice(price))
}

// claimLookupKey frees a lookup key for the price self. With transfer it takes
// the key from another price; without, it refuses.
func (s *Catalog) claimLookupKey(key, self string, transfer bool) *api.Error {
	if key == "" {
		return nil
	}
	for other := range s.State.Prices.Oldest() {
		if other.LookupKey != key || other.ID == self {
			continue
		}
		if !transfer {
			return api.Invalid("lookup_key", "A price (`%s`) already uses that lookup key.", other.ID)
		}
		s.changePrice(other, func() { other.LookupKey = "" })
	}
	return nil
}

func (s *Catalog) updatePrice(c *api.Call) (api.Object, error) {
	price, err := s.livePrice(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	changed := *price
	changed.Active, changed.LookupKey = c.Boolean("active", price.Active), c.TextOr("lookup_key", price.LookupKey)
	changed.Nickname, changed.Metadata = c.TextOr("nickname", price.Nickname), c.Metadata(price.Metadata)
	changed.TaxBehavior = c.Enum("tax_behavior", price.TaxBehavior, "exclusive", "inclusive", "unspecified")
	transfer := c.Boolean("transfer_lookup_key", false)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if failure := s.checkPriceChange(price, &changed); failure != nil {
		return nil, failure
	}
	if failure := s.claimLookupKey(changed.LookupKey, price.ID, transfer); failure != nil {
		return nil, failure
	}
	s.changePrice(price, func() { *price = changed })
	return s.ShowPrice(price), nil
}

func (s *Catalog) checkPriceChange(price, changed *state.Price) *api.Error {
	switch {
	case price.Active && !changed.Active && s.State.Products.Get(price.Product).DefaultPrice == price.ID:
		return api.Invalid("active", "This price cannot be archived because it is the default price of its product.")
	case cmp.Or(price.TaxBehavior, "unspecified") != "unspecified" && changed.TaxBehavior != price.TaxBehavior:
		return api.Invalid("tax_behavior", "The tax behavior of a price cannot be changed once it is set.")
	}
	return nil
}

// livePrice returns a price that is not deleted.
func (s *Catalog) livePrice(id, param string) (*state.Price, error) {
	price := s.State.Prices.Get(id)
	if price == nil || price.Deleted {
		return nil, api.NoSuch("price", id, param)
	}
	return price, nil
}

func (s *Catalog) retrievePrice(c *api.Call) (api.Object, error) {
	price, err := s.livePrice(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	return s.ShowPrice(price), nil
}

func (s *Catalog) listPrices(c *api.Call) (api.Object, error) {
	keys, within, product := c.Texts("lookup_keys"), api.CreatedFilter(c), c.Text("product")
	if len(keys) > 10 {
		c.Fail(api.Malformed("", "lookup_keys", "You can pass up to 10 lookup keys."))
	}
	active, kind, currency := c.Boolean("active", true), c.Enum("type", "", "one_time", "recurring"), c.Text("currency")
	recurring := c.Sub("recurring").Only("interval", "usage_type")
	interval, usage := recurring.Enum("interval", "", "day", "week", "month", "year"), recurring.Enum("usage_type", "",
		"licensed", "metered")
	candidates := s.State.Prices.Newest()
	if product != "" {
		candidates = api.NewestOf(s.State.Prices.Of(product))
	}
	return api.Paginate(c, candidates, func(p *state.Price) bool {
		return !p.Deleted && (!c.Has("active") || p.Active == active) &&
			(len(keys) == 0 || slices.Contains(keys, p.LookupKey)) &&
			(kind == "" || p.Kind() == kind) && (currency == "" || p.Currency == currency) &&
			(interval == "" || p.Interval == interval) &&
			(usage == "" || usage == "licensed" && p.Recurring()) && within(p.Created)
	}, s.ShowPrice)
}
