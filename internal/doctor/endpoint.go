package doctor

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

const atEndpoints = "Stripe Dashboard > Developers > Webhooks"

var (
	noEndpoint = problem("endpoint_missing", failure,
		"Stripe delivers nothing, so buyers wait until the gap scan finds their payment (sweeps.events, 5 minutes)",
		"run lockstep setup, or create the endpoint at "+atEndpoints)
	disabledEndpoint = problem("endpoint_disabled", failure,
		"Stripe delivers nothing, so buyers wait until the gap scan finds their payment (sweeps.events, 5 minutes)",
		"enable it at "+atEndpoints+" > your endpoint")
	missingTypes = problem("endpoint_types_missing", warning,
		"Lockstep notices these changes only when the gap scan finds them (sweeps.events, 5 minutes)",
		"run lockstep setup, or add them at "+atEndpoints+" > your endpoint > Edit destination")
	extraTypes = problem("endpoint_types_extra", warning,
		"Lockstep stores these events and ignores them, which costs space and requests",
		"run lockstep setup, or remove them at "+atEndpoints+" > your endpoint > Edit destination")
	unpinned = problem("endpoint_version_unpinned", warning,
		"the form of the events changes when someone upgrades the account's API version",
		"run lockstep setup, or create the endpoint again with a fixed API version and delete this one")
	duplicate = problem("endpoint_duplicate", warning,
		"Stripe delivers each event several times, each copy signed with another secret",
		"delete all but one at "+atEndpoints)
	undelivered = problem("deliveries_failing", warning,
		"an endpoint of this account rejects events or does not answer; Stripe disables it after days of that",
		"read the failed attempts at "+atEndpoints+" > your endpoint > Event deliveries")
	endpointsUnread = problem("endpoint_unread", warning,
		"whether Stripe delivers is unknown", "allow the key to read Webhook Endpoints, or run lockstep doctor again")
)

// stripeEndpoint looks at the webhook endpoint that is registered at Stripe.
func stripeEndpoint(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	if len(in.Stripe.Webhooks) == 0 {
		return []lockstep.Finding{fine("not needed: Lockstep reads Stripe's event list every %s", in.Stripe.Poll)}
	}
	all, err := in.endpoints(ctx)
	if err != nil {
		return []lockstep.Finding{endpointsUnread.found("%v", err)}
	}
	ours := slices.DeleteFunc(slices.Clone(all), func(e stripebilling.WebhookEndpoint) bool {
		u, err := url.Parse(e.URL)
		return err != nil || !strings.HasSuffix(u.Path, in.Stripe.Path)
	})
	if len(ours) == 0 {
		return []lockstep.Finding{in.withoutEndpoint()}
	}
	seen := map[string]bool{}
	for _, e := range ours {
		if seen[e.URL] && e.Enabled {
			found = append(found, duplicate.found("several endpoints deliver to %s", e.URL))
		}
		seen[e.URL] = seen[e.URL] || e.Enabled
		found = append(found, checkEndpoint(e)...)
	}
	found = append(found, in.undelivered(ctx)...)
	return orFine(found, "delivers all %d types to %s, version %s", len(ingest.Types(lockstep.Stripe)), ours[0].URL, ours[0].APIVersion)
}

// withoutEndpoint is the finding if no endpoint has our path. In test mode, stripe listen delivers without one.
func (in *Installation) withoutEndpoint() lockstep.Finding {
	missing := noEndpoint
	if !live(in.Stripe.Key) || in.Stripe.Poll > 0 {
		missing.Level = warning
	}
	return missing.found("no endpoint at Stripe has a URL that ends in %s", in.Stripe.Path)
}

// checkEndpoint looks at one endpoint with our path.
func checkEndpoint(e stripebilling.WebhookEndpoint) (found []lockstep.Finding) {
	if !e.Enabled {
		return []lockstep.Finding{disabledEndpoint.found("Stripe has disabled %s", e.URL)}
	}
	wanted, all := ingest.Types(lockstep.Stripe), slices.Contains(e.Events, "*")
	missing, extra := without(wanted, e.Events), without(e.Events, wanted)
	switch {
	case all:
		found = append(found, extraTypes.found("%s receives all types (*) of events; Lockstep uses %d", e.URL, len(wanted)))
	case len(extra) > 0:
		found = append(found, extraTypes.found("%s also receives %s", e.URL, strings.Join(extra, ", ")))
	}
	if len(missing) > 0 && !all {
		lacks := missingTypes
		if len(without(missing, ingest.Granting())) < len(missing) { // buyers wait
			lacks.Level = failure
		}
		found = append(found, lacks.found("%s does not receive %s", e.URL, strings.Join(missing, ", ")))
	}
	if e.APIVersion == "" {
		found = append(found, unpinned.found("%s receives events in the account's API version", e.URL))
	}
	return found
}

// without returns what is in all, but not in some.
func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(some, name) })
}

// recently is how far back undelivered events count, and lately how old they must be: Stripe may still be
// delivering newer ones.
const (
	recently = 24 * time.Hour
	lately   = 10 * time.Minute
)

// undelivered counts the events of the last day that an endpoint did not accept.
func (in *Installation) undelivered(ctx context.Context) []lockstep.Finding {
	now := time.Now()
	count, more, err := in.Stripe.Client.Undelivered(ctx, ingest.Types(lockstep.Stripe), now.Add(-recently),
		now.Add(-lately))
	switch {
	case forbidden(err): // the permissions' check reports it
		return nil
	case err != nil:
		return []lockstep.Finding{endpointsUnread.found("%v", err)}
	case count == 0:
		return nil
	}
	atLeast := ""
	if more {
		atLeast = "at least "
	}
	return []lockstep.Finding{undelivered.found("%s%d events of the last 24 hours are not delivered yet", atLeast, count)}
}
