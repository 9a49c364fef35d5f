package stripesim

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxAmount is the largest amount of a price.
const maxAmount = 99999999

// Price is what a product costs, once or per interval. A deleted one (only the
// old plans can be deleted) stays for its subscriptions.
type Price struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Product       string            `json:"product"`
	Active        bool              `json:"active"`
	Currency      string            `json:"currency"`
	Amount        int64             `json:"unit_amount"` // in the currency's smallest unit
	LookupKey     string            `json:"lookup_key"`
	Nickname      string            `json:"nickname"`
	Interval      string            `json:"interval"` // "" for a one-time price, else day, week, month, year
	IntervalCount int64             `json:"interval_count"`
	TaxBehavior   string            `json:"tax_behavior"` // shown; there are no taxes
	Metadata      map[string]string `json:"metadata"`
	Deleted       bool              `json:"deleted"`
}

// Key is the id.
func (p *Price) Key() string { return p.ID }

// Owner is the product.
func (p *Price) Owner() string { return p.Product }

func (p *Price) recurring() bool { return p.Interval != "" }

// Left out, because they would change what is billed: currency_options,
// custom_unit_amount, tiers, tiers_mode, transform_quantity.
func (s *Stripe) priceRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/prices", "product product_data currency unit_amount unit_amount_decimal recurring lookup_key transfer_lookup_key nickname active metadata billing_scheme tax_behavior", s.createPrice),
		op(http.MethodGet, "/v1/prices", "active created currency lookup_keys product recurring type"+paging,
			s.listPrices),
		op(http.MethodGet, "/v1/prices/{}", "", s.retrievePrice),
		op(http.MethodPost, "/v1/prices/{}", "active lookup_key transfer_lookup_key metadata nickname tax_behavior",
			s.updatePrice),
	}
}

func (s *Stripe) createPrice(c *call) (object, error) {
	fresh := s.readPrice(c.params)
	fresh.LookupKey, fresh.Nickname = c.text("lookup_key"), c.text("nickname")
	fresh.Active, fresh.Metadata = c.boolean("active", true), c.metadata(nil)
	c.enum("billing_scheme", "per_unit", "per_unit")
	transfer := c.boolean("transfer_lookup_key", false)
	var inline Product
	if fresh.Product == "" {
		inline = readInlineProduct(c.params, "product_data")
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.claimLookupKey(fresh.LookupKey, "", transfer); failure != nil {
		return nil, failure
	}
	return s.showPrice(s.addPriceOf(fresh, inline)), nil
}

// readPrice reads what prices and inline price_data have in common.
func (s *Stripe) readPrice(p params) Price {
	price := readAmount(p)
	price.Product = p.text("product")
	switch inline := p.has("product_data"); {
	case price.Product == "" && !inline:
		p.fail(missingParam(p.name("product")))
	case price.Product != "" && inline:
		p.fail(malformed("", p.name("product_data"), "You may only specify one of these parameters: product, product_data."))
	case price.Product != "":
		if _, err := s.liveProduct(price.Product, p.name("product")); err != nil {
			p.fail(noSuch("product", price.Product, p.name("product")))
		}
	}
	return price
}

// readAmount reads what a price costs, and how often.
func readAmount(p params) Price {
	price := Price{Active: true, Currency: strings.ToLower(p.required("currency")), Amount: p.integer("unit_amount", 0),
		TaxBehavior: p.enum("tax_behavior", "unspecified", "exclusive", "inclusive", "unspecified")}
	switch whole, decimal := p.has("unit_amount"), p.has("unit_amount_decimal"); {
	case whole && decimal:
		p.fail(malformed("", p.name("unit_amount_decimal"),
			"You may only specify one of these parameters: unit_amount, unit_amount_decimal."))
	case decimal:
		price.Amount = p.wholeDecimal("unit_amount_decimal")
	case !whole:
		p.fail(missingParam(p.name("unit_amount")))
	}
	switch {
	case price.Amount < 0:
		p.fail(malformed("parameter_invalid_integer", p.name("unit_amount"),
			"This value must be greater than or equal to 0."))
	case price.Amount > maxAmount:
		p.fail(malformed("parameter_invalid_integer", p.name("unit_amount"), "Invalid integer: the largest amount is %d.",
			maxAmount))
	case len(price.Currency) != 3 && price.Currency != "":
		p.fail(invalid(p.name("currency"), "Invalid currency: %s.", price.Currency))
	}
	if p.has("recurring") {
		recurring := p.sub("recurring").only("interval", "interval_count", "usage_type")
		price.Interval, price.IntervalCount = readInterval(recurring)
		if recurring.enum("usage_type", "licensed", "licensed", "metered") == "metered" {
			p.fail(malformed("", recurring.name("usage_type"), "Metered prices are not simulated."))
		}
	}
	return price
}

// wholeDecimal reads a decimal amount, which the simulator takes only where
// there is no fraction of the smallest unit.
func (p params) wholeDecimal(field string) int64 {
	value := p.decimal(field)
	if value != float64(int64(value)) {
		p.fail(malformed("", p.name(field), "Fractions of the currency's smallest unit are not simulated: %s", p.text(field)))
	}
	return int64(value)
}

// readInterval reads how often a price is billed: three years at most.
func readInterval(p params) (string, int64) {
	p.required("interval")
	interval, count := p.enum("interval", "", "day", "week", "month", "year"), max(1, p.positive("interval_count"))
	if most := map[string]int64{"day": 1095, "week": 156, "month": 36, "year": 3}[interval]; interval != "" &&
		count > most {
		p.fail(malformed("", p.name("interval_count"), "An interval can be up to three years, which is %d of %s.", most,
			interval))
	}
	return interval, count
}

// readDefaultPrice reads the default_price_data of a product.
func readDefaultPrice(p params) *Price {
	p.only("currency", "unit_amount", "unit_amount_decimal", "recurring", "tax_behavior", "metadata")
	price := readAmount(p)
	price.Metadata = p.metadata(nil)
	return &price
}

// addPriceOf stores a price, with a new product if it has none yet.
func (s *Stripe) addPriceOf(fresh Price, product Product) *Price {
	if fresh.Product == "" {
		fresh.Product = s.addProduct(product).ID
	}
	return s.addPrice(&fresh)
}

func (s *Stripe) addPrice(fresh *Price) *Price {
	if fresh.ID == "" {
		fresh.ID = s.world.NewID("price_1", 23)
	}
	fresh.Created = s.now()
	price := s.state.Prices.Add(fresh)
	if price.recurring() {
		s.emit("plan.created", s.showPlan(price), nil)
	}
	s.emit("price.created", s.showPrice(price), nil)
	return price
}

// changePrice applies a change and writes price.updated, and plan.updated for
// what is a plan too, if anything shows.
func (s *Stripe) changePrice(price *Price, change func()) {
	before, plan := s.showPrice(price), s.showPlan(price)
	change()
	if price.recurring() {
		s.emitUpdate("plan.updated", plan, s.showPlan(price))
	}
	s.emitUpdate("price.updated", before, s.showPrice(price))
}

// claimLookupKey makes a key free for use by the price named self.
func (s *Stripe) claimLookupKey(key, self string, transfer bool) *Error {
	if key == "" {
		return nil
	}
	for other := range s.state.Prices.Oldest() {
		if other.LookupKey != key || other.ID == self {
			continue
		}
		if !transfer {
			return invalid("lookup_key", "A price (`%s`) already uses that lookup key.", other.ID)
		}
		s.changePrice(other, func() { other.LookupKey = "" })
	}
	return nil
}

func (s *Stripe) updatePrice(c *call) (object, error) {
	price, err := s.livePrice(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	changed := *price
	changed.Active, changed.LookupKey = c.boolean("active", price.Active), c.textOr("lookup_key", price.LookupKey)
	changed.Nickname, changed.Metadata = c.textOr("nickname", price.Nickname), c.metadata(price.Metadata)
	changed.TaxBehavior = c.enum("tax_behavior", price.TaxBehavior, "exclusive", "inclusive", "unspecified")
	transfer := c.boolean("transfer_lookup_key", false)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.checkPriceChange(price, &changed); failure != nil {
		return nil, failure
	}
	if failure := s.claimLookupKey(changed.LookupKey, price.ID, transfer); failure != nil {
		return nil, failure
	}
	s.changePrice(price, func() { *price = changed })
	return s.showPrice(price), nil
}

func (s *Stripe) checkPriceChange(price, changed *Price) *Error {
	switch {
	case price.Active && !changed.Active && s.state.Products.Get(price.Product).DefaultPrice == price.ID:
		return invalid("active", "This price cannot be archived because it is the default price of its product.")
	case cmp.Or(price.TaxBehavior, "unspecified") != "unspecified" && changed.TaxBehavior != price.TaxBehavior:
		return invalid("tax_behavior", "The tax behavior of a price cannot be changed once it is set.")
	}
	return nil
}

// livePrice finds a price that is not deleted.
func (s *Stripe) livePrice(id, param string) (*Price, error) {
	price := s.state.Prices.Get(id)
	if price == nil || price.Deleted {
		return nil, noSuch("price", id, param)
	}
	return price, nil
}

func (s *Stripe) retrievePrice(c *call) (object, error) {
	price, err := s.livePrice(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	return s.showPrice(price), nil
}

func (s *Stripe) listPrices(c *call) (object, error) {
	keys, within, product := c.texts("lookup_keys"), createdFilter(c), c.text("product")
	if len(keys) > 10 {
		c.fail(malformed("", "lookup_keys", "You can pass up to 10 lookup keys."))
	}
	active, kind, currency := c.boolean("active", true), c.enum("type", "", "one_time", "recurring"), c.text("currency")
	recurring := c.sub("recurring").only("interval", "usage_type")
	interval, usage := recurring.enum("interval", "", "day", "week", "month", "year"), recurring.enum("usage_type", "",
		"licensed", "metered")
	candidates := s.state.Prices.Newest()
	if product != "" {
		candidates = newestOf(s.state.Prices.Of(product))
	}
	return paginate(c, candidates, func(p *Price) bool {
		return !p.Deleted && (!c.has("active") || p.Active == active) &&
			(len(keys) == 0 || slices.Contains(keys, p.LookupKey)) &&
			(kind == "" || p.kind() == kind) && (currency == "" || p.Currency == currency) &&
			(interval == "" || p.Interval == interval) &&
			(usage == "" || usage == "licensed" && p.recurring()) && within(p.Created)
	}, s.showPrice)
}

func (p *Price) kind() string {
	if p.recurring() {
		return "recurring"
	}
	return "one_time"
}

func (s *Stripe) showPrice(p *Price) object {
	var recurring any
	if p.recurring() {
		recurring = object{"interval": p.Interval, "interval_count": p.count(), "meter": nil,
			"trial_period_days": nil, "usage_type": "licensed"}
	}
	return object{"id": p.ID, "object": "price", "active": p.Active, "billing_scheme": "per_unit",
		"created":  p.Created.Unix(),
		"currency": p.Currency, "custom_unit_amount": nil, "livemode": false, "lookup_key": orNull(p.LookupKey),
		"metadata": shown(p.Metadata), "nickname": orNull(p.Nickname), "product": p.Product, "recurring": recurring,
		"tax_behavior": cmp.Or(p.TaxBehavior, "unspecified"), "tiers_mode": nil, "transform_quantity": nil, "type": p.kind(),
		"unit_amount": p.Amount, "unit_amount_decimal": strconv.FormatInt(p.Amount, 10)}
}

func (p *Price) count() int64 { return cmp.Or(p.IntervalCount, 1) }
