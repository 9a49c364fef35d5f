package catalog

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Plan is a product with one price, for tests and demonstrations.
type Plan struct {
	LookupKey       string
	ProductName     string
	ProductMetadata map[string]string
	Amount          int64    // in the currency's smallest unit
	Currency        string   // default: usd
	Interval        string   // "", day, week, month or year
	Features        []string // lookup keys of features, created if unknown
}

// Plans belong to an older API. They are recurring prices in another shape, and
// either API can read and change them. Only a plan can have an id that the
// merchant chooses, and be deleted.
//
// Refused, because they would change what is billed: tiers, tiers_mode,
// transform_usage, meter, trial_period_days (which requires trial_from_plan).
func (s *Catalog) planRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/plans", "id currency interval interval_count amount amount_decimal product active metadata nickname billing_scheme usage_type", s.createPlan),
		api.Op(http.MethodGet, "/v1/plans", "active created product"+api.Paging, s.listPlans),
		api.Op(http.MethodGet, "/v1/plans/{}", "", s.retrievePlan),
		api.Op(http.MethodPost, "/v1/plans/{}", "active metadata nickname", s.updatePlan),
		api.Op(http.MethodDelete, "/v1/plans/{}", "", s.removePlan),
	}
}

func (s *Catalog) createPlan(c *api.Call) (api.Object, error) {
	fresh := state.Price{ID: c.Text("id"), Active: c.Boolean("active", true),
		Currency: strings.ToLower(c.Required("currency")), Amount: c.Integer("amount", 0), Nickname: c.Text("nickname"),
		Metadata: c.Metadata(nil)}
	fresh.Interval, fresh.IntervalCount = ReadInterval(c.Params)
	c.Enum("billing_scheme", "per_unit", "per_unit")
	c.Enum("usage_type", "licensed", "licensed")
	switch whole, decimal := c.Has("amount"), c.Has("amount_decimal"); {
	case whole == decimal:
		c.Fail(api.Malformed("", "amount", "Exactly one of amount and amount_decimal must be given."))
	case decimal:
		fresh.Amount = c.WholeDecimal("amount_decimal")
	}
	if fresh.Amount < 0 || fresh.Amount > maxAmount {
		c.Fail(api.Malformed("parameter_invalid_integer", "amount", "Invalid integer: an amount is between 0 and %d.", maxAmount))
	}
	inline := s.readPlanProduct(c.Params, &fresh)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if fresh.ID != "" && s.State.Prices.Get(fresh.ID) != nil {
		return nil, api.InvalidCode("resource_already_exists", "id", "Plan already exists.")
	}
	return s.ShowPlan(s.AddPriceOf(fresh, inline)), nil
}

// readPlanProduct reads product: an id, or a new product.
func (s *Catalog) readPlanProduct(p api.Params, plan *state.Price) state.Product {
	switch {
	case !p.Has("product"):
		p.Fail(api.MissingParam("product"))
	case !p.Hash("product"):
		plan.Product = p.Required("product")
		if _, err := s.liveProduct(plan.Product, "product"); err != nil {
			p.Fail(api.NoSuch("product", plan.Product, "product"))
		}
	default:
		data := p.Sub("product").Only("id", "name", "active", "metadata", "statement_descriptor", "tax_code", "unit_label")
		data.Required("name")
		product := state.Product{ID: data.Text("id"), Active: true}
		readProduct(data, &product)
		if product.ID != "" && s.State.Products.Get(product.ID) != nil {
			p.Fail(api.InvalidCode("resource_already_exists", "product[id]", "Product already exists."))
		}
		return product
	}
	return state.Product{}
}

// livePlan returns a recurring price that is not deleted.
func (s *Catalog) livePlan(id string) (*state.Price, error) {
	price := s.State.Prices.Get(id)
	if price == nil || price.Deleted || !price.Recurring() {
		return nil, api.NoSuch("plan", id, "id")
	}
	return price, nil
}

func (s *Catalog) retrievePlan(c *api.Call) (api.Object, error) {
	plan, err := s.livePlan(c.Path[0])
	if err != nil {
		return nil, err
	}
	return s.ShowPlan(plan), nil
}

func (s *Catalog) listPlans(c *api.Call) (api.Object, error) {
	product, active, within := c.Text("product"), c.Boolean("active", true), api.CreatedFilter(c)
	return api.Paginate(c, s.State.Prices.Newest(), func(p *state.Price) bool {
		return p.Recurring() && !p.Deleted && (product == "" || p.Product == product) &&
			(!c.Has("active") || p.Active == active) && within(p.Created)
	}, s.ShowPlan)
}

func (s *Catalog) updatePlan(c *api.Call) (api.Object, error) {
	plan, err := s.livePlan(c.Path[0])
	if err != nil {
		return nil, err
	}
	changed := *plan
	changed.Active, changed.Nickname, changed.Metadata = c.Boolean("active", plan.Active), c.TextOr("nickname",
		plan.Nickname), c.Metadata(plan.Metadata)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if failure := s.checkPriceChange(plan, &changed); failure != nil {
		return nil, failure
	}
	s.changePrice(plan, func() { *plan = changed })
	return s.ShowPlan(plan), nil
}

// removePlan deletes a plan. Its subscriptions continue.
func (s *Catalog) removePlan(c *api.Call) (api.Object, error) {
	plan, err := s.livePlan(c.Path[0])
	if err != nil {
		return nil, err
	}
	lastPlan, lastPrice := s.ShowPlan(plan), s.ShowPrice(plan)
	plan.Deleted, plan.Active, plan.LookupKey = true, false, ""
	s.Events.Emit("plan.deleted", lastPlan, nil)
	s.Events.Emit("price.deleted", lastPrice, nil)
	return api.Object{"id": plan.ID, "object": "plan", "deleted": true}, nil
}
