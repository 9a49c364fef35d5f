package console

import (
	"net/url"
	"time"

	"github.com/lockstep-dev/lockstep/internal/money"
)

var catalogPages = []page{{path: "/catalog", name: "Catalog", title: "Catalog", file: "catalog.html", read: readCatalog}}

// catalogData is the content of the page.
type catalogData struct {
	Plans         []catalogPlan
	Prices        []catalogPrice
	Grandfathered []heldPrice
	Stripe        struct {
		AsOf         *time.Time `json:"as_of"`
		Failed       bool
		MoreActive   bool `json:"more_active"`
		MoreInactive bool `json:"more_inactive"`
	}
	Counts struct {
		AsOf    *time.Time `json:"as_of"`
		Failed  bool
		AtLeast bool `json:"at_least"`
	}
	PastDueGrace  int64  `json:"past_due_grace_seconds"`
	PartialRefund string `json:"partial_refund"`
	PlanMetadata  string `json:"plan_metadata"`

	Match   *catalogMatch `json:"-"` // the answer to "What would match?"; nil: nothing was asked
	Refused []string      `json:"-"` // why there is no answer
}

// catalogPlan is a plan of the configuration.
type catalogPlan struct {
	Name          string
	Rank          int
	Features      []string
	Limits        map[string]int64
	Duration      int64 `json:"duration_seconds"`
	TrialDays     int64 `json:"trial_days"`
	NoCard        bool  `json:"trial_without_card"`
	Names         []planName
	Subscriptions int64
	Licenses      int64
}

// planName is what a plan names at Stripe.
type planName struct{ By, Value, State string }

// catalogPrice is a price at Stripe.
type catalogPrice struct {
	ID, Nickname, Product, Currency string
	LookupKey                       string `json:"lookup_key"`
	ProductName                     string `json:"product_name"`
	Active                          bool
	Amount                          *int64
	Interval                        string
	IntervalCount                   int64 `json:"interval_count"`
	Metered                         bool
	Plan                            string
	Rule                            catalogRule
	Listed                          bool
	Plans                           []string
	Subscriptions                   int64
	Licenses                        int64
}

// heldPrice is a price as some subscribers have it.
type heldPrice struct {
	Price, Plan   string
	BoughtAs      string `json:"bought_as"`
	PlanNamed     string `json:"plan_named"`
	Rule          catalogRule
	Why           string
	Subscriptions int64
	Licenses      int64
}

// catalogRule is why something has its plan.
type catalogRule struct{ By, Value string }

// catalogMatch is the plan that something would get.
type catalogMatch struct {
	Plan     string
	Listed   bool
	Rule     catalogRule
	Plans    []string
	Features []string
	Limits   map[string]int64
}

// Text writes the price as people do: "$20.00 per month".
func (p catalogPrice) Text() string {
	text := "priced in tiers"
	if p.Amount != nil {
		text = money.Text(*p.Amount, p.Currency)
	}
	switch {
	case p.Interval == "":
		text += " once"
	case p.IntervalCount > 1:
		text += " every " + plural(p.IntervalCount, p.Interval, p.Interval+"s")
	default:
		text += " per " + p.Interval
	}
	if p.Metered {
		text += ", by usage"
	}
	return text
}

// Title is what Stripe calls what is sold.
func (p catalogPrice) Title() string {
	if p.ProductName != "" {
		return p.ProductName
	}
	return p.Product
}

// What names the kind of name: "lookup key".
func (n planName) What() string { return nameKinds[n.By] }

// nameKinds are what a plan can be found by, in words.
var nameKinds = map[string]string{"price": "price", "lookup_key": "lookup key", "product": "product"}

// Words says why, as the end of a sentence.
func (r catalogRule) Words() string {
	switch r.By {
	case "price":
		return "the plan lists the price " + r.Value
	case "lookup_key":
		return "the plan lists the lookup key " + r.Value
	case "product":
		return "the plan lists the product " + r.Value
	case "sibling_key":
		return "the plan lists the lookup key " + r.Value + ", which another price of the same product has"
	case "metadata":
		return "your app named the plan in the metadata key " + r.Value
	case "name_at_purchase":
		return "no plan lists it, so its name at purchase is the plan"
	case "current_name":
		return "no plan lists it, so its current name is the plan"
	}
	return r.By + " " + r.Value
}

// Of returns the prices that a purchase of a plan can have.
func (c catalogData) Of(plan string) (some []catalogPrice) {
	for _, p := range c.Prices {
		if p.Listed && p.Plan == plan {
			some = append(some, p)
		}
	}
	return some
}

// Flawed lists what plans name and Stripe does not sell, by plan.
func (c catalogData) Flawed() (some []flaw) {
	for _, p := range c.Plans {
		for _, n := range p.Names {
			if n.State == "missing" || n.State == "inactive" {
				some = append(some, flaw{p.Name, n})
			}
		}
	}
	return some
}

// flaw is a name of a plan that Stripe does not sell.
type flaw struct {
	Plan string
	planName
}

// Unlisted returns the active prices that match no plan.
func (c catalogData) Unlisted() (some []catalogPrice) {
	for _, p := range c.Prices {
		if p.Active && !p.Listed {
			some = append(some, p)
		}
	}
	return some
}

// Doubtful returns the active prices that match several plans.
func (c catalogData) Doubtful() (some []catalogPrice) {
	for _, p := range c.Prices {
		if p.Active && len(p.Plans) > 1 {
			some = append(some, p)
		}
	}
	return some
}

// Fits reports whether the configuration and Stripe agree.
func (c catalogData) Fits() bool {
	return c.Stripe.AsOf != nil && len(c.Flawed())+len(c.Unlisted())+len(c.Doubtful()) == 0
}

func readCatalog(v *visit) (any, error) {
	var data catalogData
	if err := v.get("/v1/catalog", &data); err != nil {
		return nil, err
	}
	return &data, data.ask(v)
}

// ask answers "What would match?" if it was asked. What the API refuses is shown beside the form.
func (c *catalogData) ask(v *visit) error {
	given := v.URL.Query()
	by := given.Get("by")
	if !given.Has("value") {
		return nil
	}
	if nameKinds[by] == "" || given.Get("value") == "" {
		c.Refused = []string{"Enter the id of a price or a product, or a lookup key."}
		return nil
	}
	asked := url.Values{by: {given.Get("value")}}
	if named := given.Get("named"); named != "" {
		asked.Set("named", named)
	}
	var found catalogMatch
	refused, err := v.refusal("/v1/catalog/match?"+asked.Encode(), &found)
	switch {
	case err != nil:
		return err
	case refused != nil:
		c.Refused = refused
	default:
		c.Match = &found
	}
	return nil
}
