package stripesim

import (
	"net/http"
	"strconv"
	"strings"
)

// The plans of the old API are recurring prices in another shape: each can be
// read and changed as either. Only a plan can have an id of the merchant's
// choice, and be deleted.
//
// Left out, because they would change what is billed: tiers, tiers_mode,
// transform_usage, meter, trial_period_days (which waits for trial_from_plan).
func (s *Stripe) planRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/plans", "id currency interval interval_count amount amount_decimal product active metadata nickname billing_scheme usage_type", s.createPlan),
		op(http.MethodGet, "/v1/plans", "active created product"+paging, s.listPlans),
		op(http.MethodGet, "/v1/plans/{}", "", s.retrievePlan),
		op(http.MethodPost, "/v1/plans/{}", "active metadata nickname", s.updatePlan),
		op(http.MethodDelete, "/v1/plans/{}", "", s.removePlan),
	}
}

func (s *Stripe) createPlan(c *call) (object, error) {
	fresh := Price{ID: c.text("id"), Active: c.boolean("active", true), Currency: strings.ToLower(c.required("currency")),
		Amount: c.integer("amount", 0), Nickname: c.text("nickname"), Metadata: c.metadata(nil)}
	fresh.Interval, fresh.IntervalCount = readInterval(c.params)
	c.enum("billing_scheme", "per_unit", "per_unit")
	c.enum("usage_type", "licensed", "licensed")
	switch whole, decimal := c.has("amount"), c.has("amount_decimal"); {
	case whole == decimal:
		c.fail(malformed("", "amount", "Exactly one of amount and amount_decimal must be given."))
	case decimal:
		fresh.Amount = c.wholeDecimal("amount_decimal")
	}
	if fresh.Amount < 0 || fresh.Amount > maxAmount {
		c.fail(malformed("parameter_invalid_integer", "amount", "Invalid integer: an amount is between 0 and %d.", maxAmount))
	}
	inline := s.readPlanProduct(c.params, &fresh)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if fresh.ID != "" && s.state.Prices.Get(fresh.ID) != nil {
		return nil, invalidCode("resource_already_exists", "id", "Plan already exists.")
	}
	return s.showPlan(s.addPriceOf(fresh, inline)), nil
}

// readPlanProduct reads product, which is an id or a new product.
func (s *Stripe) readPlanProduct(p params, plan *Price) Product {
	switch {
	case !p.has("product"):
		p.fail(missingParam("product"))
	case !p.hash("product"):
		plan.Product = p.required("product")
		if _, err := s.liveProduct(plan.Product, "product"); err != nil {
			p.fail(noSuch("product", plan.Product, "product"))
		}
	default:
		data := p.sub("product").only("id", "name", "active", "metadata", "statement_descriptor", "tax_code", "unit_label")
		data.required("name")
		product := Product{ID: data.text("id"), Active: true}
		readProduct(data, &product)
		if product.ID != "" && s.state.Products.Get(product.ID) != nil {
			p.fail(invalidCode("resource_already_exists", "product[id]", "Product already exists."))
		}
		return product
	}
	return Product{}
}

// livePlan finds a recurring price that is not deleted.
func (s *Stripe) livePlan(id string) (*Price, error) {
	price := s.state.Prices.Get(id)
	if price == nil || price.Deleted || !price.recurring() {
		return nil, noSuch("plan", id, "id")
	}
	return price, nil
}

func (s *Stripe) retrievePlan(c *call) (object, error) {
	plan, err := s.livePlan(c.path[0])
	if err != nil {
		return nil, err
	}
	return s.showPlan(plan), nil
}

func (s *Stripe) listPlans(c *call) (object, error) {
	product, active, within := c.text("product"), c.boolean("active", true), createdFilter(c)
	return paginate(c, s.state.Prices.Newest(), func(p *Price) bool {
		return p.recurring() && !p.Deleted && (product == "" || p.Product == product) &&
			(!c.has("active") || p.Active == active) && within(p.Created)
	}, s.showPlan)
}

func (s *Stripe) updatePlan(c *call) (object, error) {
	plan, err := s.livePlan(c.path[0])
	if err != nil {
		return nil, err
	}
	changed := *plan
	changed.Active, changed.Nickname, changed.Metadata = c.boolean("active", plan.Active), c.textOr("nickname",
		plan.Nickname), c.metadata(plan.Metadata)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.checkPriceChange(plan, &changed); failure != nil {
		return nil, failure
	}
	s.changePrice(plan, func() { *plan = changed })
	return s.showPlan(plan), nil
}

// removePlan ends what can be sold; subscriptions to it go on.
func (s *Stripe) removePlan(c *call) (object, error) {
	plan, err := s.livePlan(c.path[0])
	if err != nil {
		return nil, err
	}
	lastPlan, lastPrice := s.showPlan(plan), s.showPrice(plan)
	plan.Deleted, plan.Active, plan.LookupKey = true, false, ""
	s.emit("plan.deleted", lastPlan, nil)
	s.emit("price.deleted", lastPrice, nil)
	return object{"id": plan.ID, "object": "plan", "deleted": true}, nil
}

// showPlan is the old shape of a recurring price, still inside subscriptions.
func (s *Stripe) showPlan(p *Price) object {
	return object{"id": p.ID, "object": "plan", "active": p.Active, "amount": p.Amount,
		"amount_decimal": strconv.FormatInt(p.Amount, 10), "billing_scheme": "per_unit", "created": p.Created.Unix(),
		"currency": p.Currency, "interval": p.Interval, "interval_count": p.count(), "livemode": false,
		"metadata": shown(p.Metadata), "meter": nil, "nickname": orNull(p.Nickname), "product": p.Product,
		"tiers_mode": nil, "transform_usage": nil, "trial_period_days": nil, "usage_type": "licensed"}
}
