package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

var (
	drifted = problem("drift_found", warning,
		"some accounts have access that Stripe does not confirm, or lack it, or Clerk shows something else",
		"run lockstep verify --all, then lockstep verify --all --fix")
	notCompared = problem("drift_unknown", warning,
		"whether Stripe, the database and Clerk agree is unknown", "run lockstep verify --all; it says what is missing")
)

// drift compares a few accounts with the providers.
func drift(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	if in.Sample == nil {
		return []lockstep.Finding{skipped("the configuration is not complete")}
	}
	all, err := in.Sample(ctx)
	if err != nil {
		return []lockstep.Finding{storeUnread.found("%v", err)}
	}
	differ, unknown, causes := 0, "", []string{}
	for _, c := range all {
		switch c.State {
		case lockstep.Drifted:
			differ++
			for _, d := range c.Differences {
				causes = append(causes, strings.ReplaceAll(string(d.Cause), "_", " "))
			}
		case lockstep.Incomparable:
			unknown = c.Failure
		}
	}
	slices.Sort(causes)
	if differ > 0 {
		found = append(found, drifted.found("%d of the %s with the newest events differ: %s", differ,
			plural(len(all), "account"), strings.Join(slices.Compact(causes), ", ")))
	}
	if unknown != "" {
		found = append(found, notCompared.found("%s", unknown))
	}
	if len(all) == 0 {
		return []lockstep.Finding{fine("there is no event of an account yet")}
	}
	return orFine(found, "the accounts with the newest events agree with Stripe and the directory; lockstep verify --all compares all")
}
