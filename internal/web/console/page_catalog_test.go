package console_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// grown is a catalog that does not fit Stripe's prices in every way.
func grown(c *server.Config) {
	c.Catalog.Plans = append(c.Catalog.Plans, lockstep.Plan{Name: "gone" + evil, LookupKeys: []string{"gone" + evil}, Rank: 3,
		Features: []string{evil}, Limits: map[string]int64{evil: 12000}, TrialDays: 14})
	c.Catalog.PlanMetadata = "plan"
}

// quarterly is a price of a new product, every three months.
func quarterly(lookupKey, product string) url.Values {
	return form("lookup_key", lookupKey, "product_data[name]", product, "unit_amount", "700", "currency", "eur",
		"recurring[interval]", "month", "recurring[interval_count]", "3", "nickname", product)
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	k := start(t, grown)
	k.stripe("/v1/prices", quarterly("quarterly"+evil, "New "+evil))
	anna := k.signIn(lockstep.ConsoleViewer)
	k.buy(k.ada(), "pro")
	k.until("subscribers are counted", func() bool {
		return strings.Contains(anna.open("/console/catalog").body, "1 subscription")
	})
	got := anna.open("/console/catalog")
	got.has(t, "$20.00 per month", "$300.00 once", "€7.00 every 3 months", "What does not fit", "which Stripe does not have",
		"has no plan", "14 days of trial", "12,000", "the plan lists the lookup key pro", "&lt;img src=x", "Subscribers as of")
	got.readOnly(t)

	anna.open("/console/catalog?by=lookup_key&value=pro").has(t, "It gives the plan <strong>pro</strong>",
		"the plan lists the lookup key pro", "Features: export")
	anna.open("/console/catalog?by=price&named=life&value=price_1").has(t, "the plan <strong>life</strong>",
		"your app named the plan in the metadata key plan")
	anna.open("/console/catalog?by=product&value=prod_1").has(t, "No plan matches")
	for _, query := range []string{"by=lookup_key&value=", "by=wrong&value=x", "by=price&value=" + strings.Repeat("x", 300)} {
		anna.open("/console/catalog?"+query).has(t, `role="alert"`)
	}
	anna.open("/console/catalog?"+form("by", "lookup_key", "value", evil, "named", evil).Encode()).has(t, "&lt;img")
}

// A price that moved on keeps its subscribers, and the page says why nobody can buy it so.
func TestCatalogGrandfathered(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.buy(k.ada(), "pro")
	price := k.sim.Subscriptions()[0].Items[0].Price
	k.stripe("/v1/prices/"+price, form("active", "false"))
	anna := k.signIn(lockstep.ConsoleViewer)
	k.until("the price is grandfathered", func() bool {
		return strings.Contains(anna.open("/console/catalog").body, "Grandfathered")
	})
	anna.open("/console/catalog").has(t, "They keep their plan", "The price is", "which is not active at Stripe", price)
}

// Without Stripe, the page shows the configuration, and says so.
func TestCatalogWithoutStripe(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.ada()
	k.sim.AddFault(simulator.Fault{Side: "stripe", Path: "/v1/prices", Status: 500})
	k.signIn(lockstep.ConsoleViewer).open("/console/catalog").has(t, "Stripe did not answer", "export")
}
