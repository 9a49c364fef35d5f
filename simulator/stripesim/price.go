package stripesim

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Price is what a product costs, once or per interval.
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
	Metadata      map[string]string `json:"metadata"`
}

// Key is the id.
func (p *Price) Key() string { return p.ID }

func (p *Price) recurring() bool { return p.Interval != "" }

func (s *Stripe) createPrice(c *call) (object, error) {
	fresh := s.readPrice(c.params)
	fresh.LookupKey, fresh.Nickname = c.text("lookup_key"), c.text("nickname")
	fresh.Active, fresh.Metadata = c.boolean("active", true), c.metadata(nil)
	transfer := c.boolean("transfer_lookup_key", false)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.claimLookupKey(fresh.LookupKey, "", transfer); failure != nil {
		return nil, failure
	}
	return s.showPrice(s.addPrice(fresh, c.sub("product_data").text("name"))), nil
}

// readPrice reads what prices and inline price_data have in common.
func (s *Stripe) readPrice(p params) Price {
	price := Price{Active: true, Currency: p.required("currency"), Amount: p.integer("unit_amount", 0), Product: p.text("product")}
	if !p.has("unit_amount") {
		p.fail(missingParam(p.name("unit_amount")))
	}
	if p.has("recurring") {
		recurring := p.sub("recurring")
		price.Interval = recurring.enum("interval", "", "day", "week", "month", "year")
		price.IntervalCount = recurring.integer("interval_count", 1)
		if price.Interval == "" {
			p.fail(missingParam(recurring.name("interval")))
		}
		if recurring.enum("usage_type", "licensed", "licensed", "metered") == "metered" {
			p.fail(malformed("", recurring.name("usage_type"), "Metered prices are not simulated."))
		}
	}
	switch {
	case price.Product == "" && p.sub("product_data").text("name") == "":
		p.fail(missingParam(p.name("product")))
	case price.Product != "" && s.state.Products.Get(price.Product) == nil:
		p.fail(noSuch("product", price.Product, p.name("product")))
	}
	return price
}

// addPrice stores a price, and a product of the given name if it has none.
func (s *Stripe) addPrice(fresh Price, productName string) *Price {
	if fresh.Product == "" {
		fresh.Product = s.addProduct(Product{Name: productName, Active: true}).ID
	}
	fresh.ID, fresh.Created = s.world.NewID("price_1", 23), s.now()
	price := s.state.Prices.Add(&fresh)
	if price.recurring() {
		s.emit("plan.created", s.showPlan(price), nil)
	}
	s.emit("price.created", s.showPrice(price), nil)
	return price
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
		before := s.showPrice(other)
		other.LookupKey = ""
		s.emitUpdate("price.updated", before, s.showPrice(other))
	}
	return nil
}

func (s *Stripe) updatePrice(c *call) (object, error) {
	price := s.state.Prices.Get(c.path[0])
	if price == nil {
		return nil, noSuch("price", c.path[0], "id")
	}
	changed := *price
	changed.Active, changed.LookupKey = c.boolean("active", price.Active), c.textOr("lookup_key", price.LookupKey)
	changed.Nickname, changed.Metadata = c.textOr("nickname", price.Nickname), c.metadata(price.Metadata)
	transfer := c.boolean("transfer_lookup_key", false)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.claimLookupKey(changed.LookupKey, price.ID, transfer); failure != nil {
		return nil, failure
	}
	before := s.showPrice(price)
	*price = changed
	s.emitUpdate("price.updated", before, s.showPrice(price))
	return s.showPrice(price), nil
}

func (s *Stripe) retrievePrice(c *call) (object, error) {
	if price := s.state.Prices.Get(c.path[0]); price != nil {
		return s.showPrice(price), nil
	}
	return nil, noSuch("price", c.path[0], "id")
}

func (s *Stripe) listPrices(c *call) (object, error) {
	keys, within, product := c.texts("lookup_keys"), createdFilter(c), c.text("product")
	if len(keys) > 10 {
		c.fail(malformed("", "lookup_keys", "You can pass up to 10 lookup keys."))
	}
	active, kind, currency := c.boolean("active", true), c.text("type"), c.text("currency")
	interval := c.sub("recurring").text("interval")
	return paginate(c, s.state.Prices.Newest(), func(p *Price) bool {
		return (!c.has("active") || p.Active == active) && (len(keys) == 0 || slices.Contains(keys, p.LookupKey)) &&
			(product == "" || p.Product == product) && (kind == "" || p.kind() == kind) &&
			(currency == "" || p.Currency == currency) && (interval == "" || p.Interval == interval) && within(p.Created)
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
	return object{"id": p.ID, "object": "price", "active": p.Active, "billing_scheme": "per_unit", "created": p.Created.Unix(),
		"currency": p.Currency, "custom_unit_amount": nil, "livemode": false, "lookup_key": orNull(p.LookupKey),
		"metadata": shown(p.Metadata), "nickname": orNull(p.Nickname), "product": p.Product, "recurring": recurring,
		"tax_behavior": "unspecified", "tiers_mode": nil, "transform_quantity": nil, "type": p.kind(),
		"unit_amount": p.Amount, "unit_amount_decimal": strconv.FormatInt(p.Amount, 10)}
}

// showPlan is the old shape of a recurring price, still inside subscriptions.
func (s *Stripe) showPlan(p *Price) object {
	return object{"id": p.ID, "object": "plan", "active": p.Active, "amount": p.Amount,
		"amount_decimal": strconv.FormatInt(p.Amount, 10), "billing_scheme": "per_unit", "created": p.Created.Unix(),
		"currency": p.Currency, "interval": p.Interval, "interval_count": p.count(), "livemode": false,
		"metadata": shown(p.Metadata), "meter": nil, "nickname": orNull(p.Nickname), "product": p.Product,
		"tiers_mode": nil, "transform_usage": nil, "trial_period_days": nil, "usage_type": "licensed"}
}

func (p *Price) count() int64 { return cmp.Or(p.IntervalCount, 1) }
