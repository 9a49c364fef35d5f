package catalog

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

const taxRateParams = "display_name description active country state jurisdiction tax_type metadata"

var taxTypes = []string{"amusement_tax", "communications_tax", "gst", "hst", "igst", "jct", "lease_tax",
	"mass_transit_parking_tax", "parking_tax",
	"pst", "qst", "retail_delivery_fee", "rst", "sales_tax", "service_tax", "vat"}

func (s *Catalog) taxRateRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/tax_rates", taxRateParams+" percentage inclusive", s.createTaxRate),
		api.Op(http.MethodGet, "/v1/tax_rates", "active created inclusive"+api.Paging, s.listTaxRates),
		api.Op(http.MethodGet, "/v1/tax_rates/{}", "", s.retrieveTaxRate),
		api.Op(http.MethodPost, "/v1/tax_rates/{}", taxRateParams, s.updateTaxRate),
	}
}

func (s *Catalog) createTaxRate(c *api.Call) (api.Object, error) {
	for _, field := range []string{"display_name", "percentage", "inclusive"} {
		c.Required(field)
	}
	fresh := &state.TaxRate{Active: true, Percentage: c.Decimal("percentage"), Inclusive: c.Boolean("inclusive", false)}
	readTaxRate(c.Params, fresh)
	if fresh.Percentage < 0 || fresh.Percentage > 100 {
		c.Fail(api.Malformed("", "percentage", "Invalid percentage: must be between 0 and 100."))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	fresh.ID, fresh.Created = s.World.NewID("txr_1", 23), s.Now()
	rate := s.State.TaxRates.Add(fresh)
	s.Events.Emit("tax_rate.created", s.ShowTaxRate(rate), nil)
	return s.ShowTaxRate(rate), nil
}

func readTaxRate(p api.Params, to *state.TaxRate) {
	to.DisplayName, to.Description = p.TextOr("display_name", to.DisplayName), p.TextOr("description", to.Description)
	to.Country, to.State, to.Jurisdiction = p.TextOr("country", to.Country), p.TextOr("state", to.State),
		p.TextOr("jurisdiction", to.Jurisdiction)
	to.TaxType = p.Enum("tax_type", to.TaxType, taxTypes...)
	to.Active, to.Metadata = p.Boolean("active", to.Active), p.Metadata(to.Metadata)
}

func (s *Catalog) updateTaxRate(c *api.Call) (api.Object, error) {
	rate := s.State.TaxRates.Get(c.Path[0])
	if rate == nil {
		return nil, api.NoSuch("tax rate", c.Path[0], "id")
	}
	changed := *rate
	readTaxRate(c.Params, &changed)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	before := s.ShowTaxRate(rate)
	*rate = changed
	s.Events.EmitUpdate("tax_rate.updated", before, s.ShowTaxRate(rate))
	return s.ShowTaxRate(rate), nil
}

func (s *Catalog) retrieveTaxRate(c *api.Call) (api.Object, error) {
	if rate := s.State.TaxRates.Get(c.Path[0]); rate != nil {
		return s.ShowTaxRate(rate), nil
	}
	return nil, api.NoSuch("tax rate", c.Path[0], "id")
}

func (s *Catalog) listTaxRates(c *api.Call) (api.Object, error) {
	active, inclusive, within := c.Boolean("active", true), c.Boolean("inclusive", false), api.CreatedFilter(c)
	return api.Paginate(c, s.State.TaxRates.Newest(), func(t *state.TaxRate) bool {
		return (!c.Has("active") || t.Active == active) && (!c.Has("inclusive") || t.Inclusive == inclusive) &&
			within(t.Created)
	}, s.ShowTaxRate)
}
