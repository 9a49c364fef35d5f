package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

var (
	noFeatures = problem("entitlements_empty", warning,
		"stripe_entitlements = true adds nothing, and costs a call for each sync",
		"add features at Stripe Dashboard > Product catalog > Features, or remove stripe_entitlements")
	almostFeature = problem("feature_spelled_differently", warning,
		"your app sees two features where you meant one", "use one spelling in lockstep.toml and at Stripe")
	featuresUnread = problem("features_unread", warning,
		"whether Stripe has features is unknown", "give the key Read for Entitlements, or run lockstep doctor again")
)

// features compares the plans' features with those of Stripe's entitlements.
func features(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	if !in.Entitlements {
		return []lockstep.Finding{fine("come from the catalog alone")}
	}
	at, err := in.Stripe.Client.Features(ctx)
	switch {
	case err != nil:
		return []lockstep.Finding{featuresUnread.found("%v", err)}
	case len(at) == 0:
		return []lockstep.Finding{noFeatures.found("Stripe has no features")}
	}
	for _, plan := range in.Catalog.Plans {
		for _, name := range plan.Features {
			alike := slices.IndexFunc(at, func(key string) bool { return loose(key) == loose(name) })
			if alike >= 0 && !slices.Contains(at, name) {
				found = append(found, almostFeature.found("plan %q has the feature %q, and Stripe has %q", plan.Name, name, at[alike]))
			}
		}
	}
	return orFine(found, "Stripe has %s", plural(len(at), "feature"))
}

// loose removes what spellings of one name differ in.
func loose(name string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(strings.ToLower(name))
}
