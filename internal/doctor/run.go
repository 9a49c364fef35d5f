package doctor

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// check is one line of the table.
type check struct {
	name  string
	needs need
	run   func(ctx context.Context, in *Installation) []lockstep.Finding
}

// need is what a check cannot run without.
type need int

const (
	local     need = 0         // the configuration, and the database if there is one
	onStore   need = 1 << iota // the database
	onStripe                   // an answer from Stripe
	onClerk                    // an answer from Clerk
	onNetwork                  // other servers
)

// checks are all checks, in the order of the report.
var checks = []check{
	{"configuration", local, configuration},
	{"secrets", local, secrets},
	{"return origins", local, returnOrigins},
	{"database", local, database},
	{"stripe key", onNetwork, stripeKey},
	{"stripe permissions", onStripe, stripePermissions},
	{"stripe endpoint", onStripe, stripeEndpoint},
	{"stripe deliveries", onStore, stripeDeliveries},
	{"clerk key", onNetwork, clerkKey},
	{"clerk deliveries", onStore, clerkDeliveries},
	{"instances", onStore, instances},
	{"clock", onNetwork, clocks},
	{"catalog", onStripe, catalog},
	{"features", onStripe, features},
	{"sold prices", onStore | onStripe, soldPrices},
	{"projection", local, projection},
	{"metadata", onClerk, metadata},
	{"mail", onNetwork, mail},
	{"webhooks", onNetwork, webhooks},
	{"deletions", onStore, deletions},
	{"work", onStore, work},
	{"payments", onStore, payments},
	{"refused steps", onStore, refusedSteps},
	{"drift", onStore | onStripe, drift},
}

const (
	// within is how long a check may take. The API answers within 22 seconds.
	within = 18 * time.Second
	// atOnce is how many checks run at the same time.
	atOnce = 6
)

// Run runs all checks and calls each with their findings, in the order of the table.
func Run(ctx context.Context, in *Installation, each func(lockstep.Finding)) {
	run(ctx, in, checks, each)
}

// Local runs the checks that ask no other server than the database.
func Local(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	var some []check
	for _, c := range checks {
		if c.needs == local {
			some = append(some, c)
		}
	}
	run(ctx, in, some, func(f lockstep.Finding) { found = append(found, f) })
	return found
}

// run runs some checks at the same time, and reports in their order.
func run(ctx context.Context, in *Installation, checks []check, each func(lockstep.Finding)) {
	slots := make(chan struct{}, atOnce)
	results := make([]chan []lockstep.Finding, len(checks))
	for i, c := range checks {
		results[i] = make(chan []lockstep.Finding, 1)
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] <- c.findings(ctx, in)
		}()
	}
	for i, c := range checks {
		for _, f := range <-results[i] {
			f.Check = c.name
			each(f)
		}
	}
}

var unfinished = problem("check_unfinished", warning,
	"what it would have found is unknown", "run lockstep doctor again; the other findings may say why it hangs")

// findings runs a check within its limit, unless something that it needs is missing. A check that does not
// end by itself at the limit is left behind: it holds nothing and ends with its calls.
func (c check) findings(ctx context.Context, in *Installation) []lockstep.Finding {
	ctx, cancel := context.WithTimeout(lockstep.WithPriority(ctx, lockstep.Normal), within)
	defer cancel()
	if reason := c.missing(ctx, in); reason != "" {
		return []lockstep.Finding{skipped(reason)}
	}
	done := make(chan []lockstep.Finding, 1)
	go func() { done <- c.run(ctx, in) }()
	select {
	case found := <-done:
		return found
	case <-ctx.Done():
		return []lockstep.Finding{unfinished.found("the check did not end in time")}
	}
}

// missing says why a check cannot run; "" if it can.
func (c check) missing(ctx context.Context, in *Installation) string {
	switch {
	case c.needs&onStore != 0 && in.Store == nil:
		return "not checked, because the database cannot be used"
	case c.needs&onStripe != 0 && !in.stripeAnswers(ctx):
		return "not checked, because Stripe does not accept the key or does not answer"
	case c.needs&onClerk != 0 && in.Clerk == nil:
		return "not needed: your servers put the accounts"
	case c.needs&onClerk != 0 && (in.Clerk.Client == nil || in.askClerk(ctx).err != nil):
		return "not checked, because Clerk does not accept the key or does not answer"
	}
	return ""
}
