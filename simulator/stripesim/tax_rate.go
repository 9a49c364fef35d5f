package stripesim

import (
	"net/http"
	"time"
)

// TaxRate is a rate that nothing can be given: whatever takes tax rates refuses
// them, because taxes are not simulated. It can be made, changed and listed.
type TaxRate struct {
	ID           string            `json:"id"`
	Created      time.Time         `json:"created"`
	DisplayName  string            `json:"display_name"`
	Description  string            `json:"description"`
	Percentage   float64           `json:"percentage"`
	Inclusive    bool              `json:"inclusive"`
	Active       bool              `json:"active"`
	Country      string            `json:"country"`
	State        string            `json:"state"`
	Jurisdiction string            `json:"jurisdiction"`
	TaxType      string            `json:"tax_type"`
	Metadata     map[string]string `json:"metadata"`
}

// Key is the id.
func (t *TaxRate) Key() string { return t.ID }

const taxRateParams = "display_name description active country state jurisdiction tax_type metadata"

var taxTypes = []string{"amusement_tax", "communications_tax", "gst", "hst", "igst", "jct", "lease_tax",
	"mass_transit_parking_tax", "parking_tax",
	"pst", "qst", "retail_delivery_fee", "rst", "sales_tax", "service_tax", "vat"}

func (s *Stripe) taxRateRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/tax_rates", taxRateParams+" percentage inclusive", s.createTaxRate),
		op(http.MethodGet, "/v1/tax_rates", "active created inclusive"+paging, s.listTaxRates),
		op(http.MethodGet, "/v1/tax_rates/{}", "", s.retrieveTaxRate),
		op(http.MethodPost, "/v1/tax_rates/{}", taxRateParams, s.updateTaxRate),
	}
}

func (s *Stripe) createTaxRate(c *call) (object, error) {
	for _, field := range []string{"display_name", "percentage", "inclusive"} {
		c.required(field)
	}
	fresh := &TaxRate{Active: true, Percentage: c.decimal("percentage"), Inclusive: c.boolean("inclusive", false)}
	readTaxRate(c.params, fresh)
	if fresh.Percentage < 0 || fresh.Percentage > 100 {
		c.fail(malformed("", "percentage", "Invalid percentage: must be between 0 and 100."))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	fresh.ID, fresh.Created = s.world.NewID("txr_1", 23), s.now()
	rate := s.state.TaxRates.Add(fresh)
	s.emit("tax_rate.created", s.showTaxRate(rate), nil)
	return s.showTaxRate(rate), nil
}

func readTaxRate(p params, to *TaxRate) {
	to.DisplayName, to.Description = p.textOr("display_name", to.DisplayName), p.textOr("description", to.Description)
	to.Country, to.State, to.Jurisdiction = p.textOr("country", to.Country), p.textOr("state", to.State),
		p.textOr("jurisdiction", to.Jurisdiction)
	to.TaxType = p.enum("tax_type", to.TaxType, taxTypes...)
	to.Active, to.Metadata = p.boolean("active", to.Active), p.metadata(to.Metadata)
}

func (s *Stripe) updateTaxRate(c *call) (object, error) {
	rate := s.state.TaxRates.Get(c.path[0])
	if rate == nil {
		return nil, noSuch("tax rate", c.path[0], "id")
	}
	changed := *rate
	readTaxRate(c.params, &changed)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	before := s.showTaxRate(rate)
	*rate = changed
	s.emitUpdate("tax_rate.updated", before, s.showTaxRate(rate))
	return s.showTaxRate(rate), nil
}

func (s *Stripe) retrieveTaxRate(c *call) (object, error) {
	if rate := s.state.TaxRates.Get(c.path[0]); rate != nil {
		return s.showTaxRate(rate), nil
	}
	return nil, noSuch("tax rate", c.path[0], "id")
}

func (s *Stripe) listTaxRates(c *call) (object, error) {
	active, inclusive, within := c.boolean("active", true), c.boolean("inclusive", false), createdFilter(c)
	return paginate(c, s.state.TaxRates.Newest(), func(t *TaxRate) bool {
		return (!c.has("active") || t.Active == active) && (!c.has("inclusive") || t.Inclusive == inclusive) &&
			within(t.Created)
	}, s.showTaxRate)
}

func (s *Stripe) showTaxRate(t *TaxRate) object {
	return object{"id": t.ID, "object": "tax_rate", "active": t.Active, "country": orNull(t.Country),
		"created":     t.Created.Unix(),
		"description": orNull(t.Description), "display_name": t.DisplayName, "effective_percentage": nil, "flat_amount": nil,
		"inclusive": t.Inclusive, "jurisdiction": orNull(t.Jurisdiction), "jurisdiction_level": nil, "livemode": false,
		"metadata": shown(t.Metadata), "percentage": t.Percentage, "rate_type": "percentage", "state": orNull(t.State),
		"tax_type": orNull(t.TaxType)}
}
