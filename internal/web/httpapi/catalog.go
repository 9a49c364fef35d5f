package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/catalog"
)

func (a *API) catalogRoutes(api huma.API) {
	s := section{api, "Operating", a}
	add(s, route{"get-catalog", http.MethodGet, "/v1/catalog", readers, 0,
		"Compare the configured plans with Stripe's prices and with what subscribers have"}, a.catalog)
	add(s, route{"match-catalog", http.MethodGet, "/v1/catalog/match", readers, 0,
		"Get the plan that a price, a lookup key or a product would grant, and the rule that decides"}, a.match)
}

type catalogOutput struct{ Body catalogView }

type catalogView struct {
	Plans         []planView  `json:"plans"`
	Prices        []priceView `json:"prices" doc:"Stripe's prices that are active, that a plan names, or that somebody has"`
	Grandfathered []heldView  `json:"grandfathered" doc:"What subscribers have and nobody can buy the same way now"`
	Stripe        stripeView  `json:"stripe"`
	Counts        countsView  `json:"counts"`
	PastDueGrace  int64       `json:"past_due_grace_seconds" doc:"0: as long as Stripe retries; negative: none"`
	PartialRefund string      `json:"partial_refund" enum:"keep,revoke"`
	PlanMetadata  string      `json:"plan_metadata,omitempty" doc:"The metadata key in which the app names the plan"`
}

type planView struct {
	Name          string           `json:"name"`
	Rank          int              `json:"rank"`
	Features      []string         `json:"features"`
	Limits        map[string]int64 `json:"limits"`
	Duration      int64            `json:"duration_seconds,omitempty" doc:"Of a license; absent: forever"`
	TrialDays     int64            `json:"trial_days,omitempty"`
	NoCard        bool             `json:"trial_without_card,omitempty"`
	Names         []nameView       `json:"names" doc:"The prices, lookup keys and products that give the plan"`
	Subscriptions int64            `json:"subscriptions"`
	Licenses      int64            `json:"licenses"`
}

type nameView struct {
	By    string `json:"by" enum:"price,lookup_key,product"`
	Value string `json:"value"`
	State string `json:"state" enum:"active,inactive,missing,unknown" doc:"What Stripe has now; unknown if it did not answer, or has more prices than were read"`
}

type ruleView struct {
	By    string `json:"by" enum:"price,lookup_key,product,sibling_key,metadata,name_at_purchase,current_name"`
	Value string `json:"value" doc:"What the plan was found by"`
}

type priceView struct {
	ID            string   `json:"id"`
	Active        bool     `json:"active"`
	LookupKey     string   `json:"lookup_key,omitempty"`
	Nickname      string   `json:"nickname,omitempty"`
	Product       string   `json:"product"`
	ProductName   string   `json:"product_name,omitempty"`
	Amount        *int64   `json:"amount,omitempty" doc:"In the currency's smallest unit; absent for tiers"`
	Currency      string   `json:"currency"`
	Interval      string   `json:"interval,omitempty" doc:"day, week, month or year; absent for a one-time price"`
	IntervalCount int64    `json:"interval_count,omitempty"`
	Metered       bool     `json:"metered,omitempty"`
	Plan          string   `json:"plan" doc:"The plan that a purchase gives now"`
	Rule          ruleView `json:"rule"`
	Listed        bool     `json:"listed" doc:"false: no plan matches, so the plan is a fallback name without features"`
	Plans         []string `json:"plans" doc:"All plans that match; with more than one, rule says which wins"`
	Subscriptions int64    `json:"subscriptions"`
	Licenses      int64    `json:"licenses"`
}

type heldView struct {
	Price         string   `json:"price"`
	BoughtAs      string   `json:"bought_as,omitempty"`
	PlanNamed     string   `json:"plan_named,omitempty" doc:"The plan in the app's metadata"`
	Plan          string   `json:"plan" doc:"The plan that its subscribers have"`
	Rule          ruleView `json:"rule"`
	Why           string   `json:"why"`
	Subscriptions int64    `json:"subscriptions"`
	Licenses      int64    `json:"licenses"`
}

type stripeView struct {
	AsOf         *time.Time `json:"as_of,omitempty" doc:"When the prices were read; absent if never"`
	Failed       bool       `json:"failed,omitempty" doc:"Stripe did not answer the last time; the log says why"`
	MoreActive   bool       `json:"more_active,omitempty" doc:"Stripe has more than the 500 active prices that were read"`
	MoreInactive bool       `json:"more_inactive,omitempty" doc:"Stripe has more than the 200 inactive prices that were read"`
}

type countsView struct {
	AsOf    *time.Time `json:"as_of,omitempty" doc:"When subscriptions and licenses were counted, at most every 10 minutes; absent until the first count ends"`
	Failed  bool       `json:"failed,omitempty" doc:"The last count failed; the log says why"`
	AtLeast bool       `json:"at_least,omitempty" doc:"There are more prices and names than were counted, so the numbers are too low"`
}

func (a *API) catalog(ctx context.Context, _ *struct{}) (*catalogOutput, error) {
	v, err := a.Operations.Prices.View(ctx)
	if err != nil {
		return nil, a.problem(ctx, "compare the catalog", err)
	}
	out := &catalogOutput{catalogView{Plans: []planView{}, Prices: []priceView{}, Grandfathered: []heldView{},
		Stripe:        stripeView{orNil(v.PricesAt), v.PricesFailed, v.MoreActive, v.MoreInactive},
		Counts:        countsView{orNil(v.CountsAt), v.CountsFailed, v.AtLeast},
		PastDueGrace:  int64(a.Catalog.PastDueGrace.Seconds()),
		PartialRefund: string(a.Catalog.PartialRefund), PlanMetadata: a.Catalog.PlanMetadata}}
	if out.Body.PartialRefund == "" {
		out.Body.PartialRefund = string(lockstep.KeepLicense)
	}
	for _, p := range v.Plans {
		out.Body.Plans = append(out.Body.Plans, viewPlan(p))
	}
	for _, p := range v.Prices {
		out.Body.Prices = append(out.Body.Prices, viewPrice(p))
	}
	for _, h := range v.Grandfathered {
		out.Body.Grandfathered = append(out.Body.Grandfathered, heldView{h.Item.PriceID, h.Item.BoughtAs, h.PlanNamed, h.Plan,
			viewRule(h.Rule), h.Why, h.Subscriptions, h.Licenses})
	}
	return out, nil
}

func viewPlan(p catalog.Plan) planView {
	v := planView{Name: p.Name, Rank: p.Rank, Features: some(p.Features), Limits: p.Limits,
		Duration: int64(p.Duration.Seconds()), TrialDays: p.TrialDays, NoCard: p.TrialWithoutCard, Names: []nameView{},
		Subscriptions: p.Subscriptions, Licenses: p.Licenses}
	if v.Limits == nil {
		v.Limits = map[string]int64{}
	}
	for _, n := range p.Names {
		v.Names = append(v.Names, nameView{string(n.By), n.Value, string(n.State)})
	}
	return v
}

func viewPrice(p catalog.Price) priceView {
	return priceView{ID: p.ID, Active: p.Active, LookupKey: p.LookupKey, Nickname: p.Nickname, Product: p.ProductID,
		ProductName: p.ProductName, Amount: p.Amount, Currency: p.Currency, Interval: p.Interval,
		IntervalCount: p.IntervalCount, Metered: p.Metered, Plan: p.Plan, Rule: viewRule(p.Rule), Listed: p.Listed,
		Plans: some(p.Plans), Subscriptions: p.Subscriptions, Licenses: p.Licenses}
}

func viewRule(r lockstep.Rule) ruleView { return ruleView{string(r.By), r.Value} }

// some returns an empty list instead of nil, which JSON would show as null.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

type matchQuery struct {
	Price     string `query:"price" maxLength:"255" example:"price_1"`
	LookupKey string `query:"lookup_key" maxLength:"200" example:"pro_monthly"`
	Product   string `query:"product" maxLength:"255" example:"prod_1"`
	Named     string `query:"named" maxLength:"500" doc:"The plan in the app's metadata, if plan_metadata is set"`
}

type matchOutput struct {
	Body struct {
		Plan     string           `json:"plan" doc:"The plan, or the fallback name"`
		Listed   bool             `json:"listed" doc:"false: no plan matches"`
		Rule     ruleView         `json:"rule"`
		Plans    []string         `json:"plans" doc:"All plans that match; with more than one, rule says which wins"`
		Features []string         `json:"features"`
		Limits   map[string]int64 `json:"limits"`
		Rank     int              `json:"rank"`
	}
}

// match decides by the catalog alone. It reads neither Stripe nor the names that a price had before.
func (a *API) match(_ context.Context, in *matchQuery) (*matchOutput, error) {
	if in.Price == "" && in.LookupKey == "" && in.Product == "" {
		return nil, huma.Error422UnprocessableEntity("price, lookup_key, product: give at least one")
	}
	item := lockstep.Item{PriceID: in.Price, LookupKey: in.LookupKey, ProductID: in.Product}
	plan, rule := a.Catalog.Match(item, in.Named)
	out := &matchOutput{}
	out.Body.Plan, out.Body.Listed, out.Body.Rule = plan.Name, a.Catalog.Lists(plan.Name), viewRule(rule)
	out.Body.Plans, out.Body.Features, out.Body.Rank = some(a.Catalog.Matches(item)), some(plan.Features), plan.Rank
	if out.Body.Limits = plan.Limits; plan.Limits == nil {
		out.Body.Limits = map[string]int64{}
	}
	return out, nil
}
