package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var (
	cut = problem("projection_cut", warning,
		"Clerk's metadata shows only a part of the plan's features and limits; the API shows all",
		"raise projection_budget, shorten the names, or read access from the API")
	overToken = problem("projection_over_token", warning,
		"a session token that carries the metadata grows beyond Clerk's 1.2 KB, and browsers drop its cookie",
		"lower projection_budget to 1000, unless your session token does not carry the metadata")
	full = problem("metadata_nearly_full", warning,
		"Clerk refuses metadata above 8 KB, so your app stops seeing changes of access",
		"remove data of your own from the public metadata of these users")
)

const (
	// metadataLimit is Clerk's limit of a user's public metadata, in bytes.
	metadataLimit = 8 << 10
	// tokenBudget leaves room in a session token: see [lockstep.DefaultProjectionBudget].
	tokenBudget = lockstep.DefaultProjectionBudget
)

// projection checks what each plan takes in the directory's metadata.
func projection(_ context.Context, in *Installation) (found []lockstep.Finding) {
	if in.Clerk == nil {
		return []lockstep.Finding{fine("not needed: your servers read access from the API")}
	}
	largest := 0
	for _, plan := range in.Catalog.Plans {
		projected := projected(in.Projection, plan)
		largest = max(largest, size(projected))
		if billing, _ := projected[in.Projection.Billing].(map[string]any); billing["more"] == true {
			found = append(found, cut.found("plan %q does not fit into %d bytes", plan.Name, budget(in.Projection)))
		}
	}
	if budget(in.Projection) > tokenBudget {
		found = append(found, overToken.found("projection_budget is %d bytes", in.Projection.Budget))
	}
	return orFine(found, "at most %d of %d bytes", largest, budget(in.Projection))
}

func budget(keys lockstep.ProjectionKeys) int {
	return cmp.Or(keys.Budget, lockstep.DefaultProjectionBudget)
}

// projected returns the largest metadata that a plan causes: with ids, seats and an end.
func projected(keys lockstep.ProjectionKeys, plan lockstep.Plan) map[string]any {
	const subscription, customer = "sub_000000000000000000000000", "cus_00000000000000"
	until := time.Now()
	return keys.Project(lockstep.Record{CustomerID: customer,
		Subscriptions: []lockstep.Subscription{{ID: subscription, CustomerID: customer, Status: "active"}}},
		lockstep.Access{Active: true, Status: "active", Plan: plan.Name, Features: plan.Features, Limits: plan.Limits,
			Seats: 1000, Until: &until, Ending: true, SubscriptionID: subscription,
			Reasons: []lockstep.Reason{{Object: "subscription", ID: subscription}}})
}

// size returns the bytes of JSON that metadata takes.
func size(metadata map[string]any) int {
	text, err := json.Marshal(metadata)
	if err != nil {
		return 0 // it came from JSON
	}
	return len(text)
}

// metadata looks whether the metadata of the newest users leaves room for ours.
func metadata(ctx context.Context, in *Installation) []lockstep.Finding {
	largest, tight := 0, 0
	for _, user := range in.askClerk(ctx).users {
		others := maps.Clone(user.Metadata)
		for _, name := range in.Projection.Names() {
			delete(others, name)
		}
		taken := size(others)
		largest = max(largest, taken)
		if taken+budget(in.Projection) > metadataLimit {
			tight++
		}
	}
	if tight > 0 {
		return []lockstep.Finding{full.found("%s of the newest have so much metadata that Lockstep's may not fit", plural(tight, "user"))}
	}
	return []lockstep.Finding{fine("your app uses at most %d of 8192 bytes of the newest users' metadata", largest)}
}
