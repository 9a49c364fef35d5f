package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// Finding is the result of one check.
type Finding struct {
	What   string // what was checked
	Level  Level
	Detail string // what is the case, and what to do about it
}

// Level says how serious a finding is.
type Level string

// The levels.
const (
	Fine    Level = "ok"
	Warning Level = "warn"
	Failure Level = "fail"
)

// Diagnose checks what a configuration leads to: whether Stripe and the directory accept the keys,
// whether Stripe delivers the events that Lockstep needs, and whether the database shows held deletions,
// failed work or disabled endpoints. It changes nothing.
func Diagnose(ctx context.Context, c Config) []Finding {
	found := diagnoseConfig(c)
	if c.Store == nil {
		return found
	}
	if err := c.Store.Ping(ctx); err != nil {
		return append(found, Finding{"database", Failure, err.Error()})
	}
	found = append(found, Finding{"database", Fine, "can be read and written"})
	found = append(found, diagnoseSources(c)...)
	stripe := diagnoseStripe(ctx, c)
	found = append(found, stripe, diagnoseDirectory(ctx, c), diagnoseInstances(ctx, c))
	if stripe.Level == Failure {
		found = append(found, catalogSkipped)
	} else {
		found = append(found, diagnoseCatalog(ctx, c)...)
		found = append(found, diagnosePrices(ctx, c)...)
	}
	for _, check := range []func(context.Context, Config) (Finding, error){diagnoseStripeDeliveries,
		diagnoseClerkDeliveries, diagnoseDeletions, diagnoseWork, diagnoseWebhooks} {
		finding, err := check(ctx, c)
		if err != nil {
			finding.Level, finding.Detail = Failure, err.Error()
		}
		found = append(found, finding)
	}
	return found
}

// diagnoseConfig reports each problem of the configuration. The other checks run anyway, so that one
// problem does not hide the next.
func diagnoseConfig(c Config) (found []Finding) {
	for _, err := range each(c.Validate()) {
		found = append(found, Finding{"configuration", Failure, err.Error()})
	}
	if len(found) == 0 {
		found = append(found, Finding{"configuration", Fine, fmt.Sprintf("%d plans in the catalog", len(c.Catalog.Plans))})
	}
	return found
}

// each returns the errors that were joined.
func each(err error) (all []error) {
	joined, is := err.(interface{ Unwrap() []error })
	if !is {
		if err != nil {
			all = append(all, err)
		}
		return all
	}
	for _, part := range joined.Unwrap() {
		all = append(all, each(part)...)
	}
	return all
}

func diagnoseStripe(ctx context.Context, c Config) Finding {
	f := Finding{What: "Stripe", Level: Failure}
	billing, err := stripebilling.New(stripebilling.Config{Key: c.Stripe.Key, BaseURL: c.Stripe.BaseURL,
		HTTPClient: c.Stripe.HTTPClient})
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	endpoints, err := billing.Endpoints(ctx)
	if err != nil {
		f.Detail = err.Error() + advice(err, "STRIPE_SECRET_KEY", "stripe_api_base")
		return f
	}
	mode := mode(billing.Live())
	if len(c.Stripe.WebhookSecrets) == 0 { // polling needs no endpoint
		return Finding{f.What, Fine, "in " + mode + " mode"}
	}
	return diagnoseEndpoints(endpoints, c.Stripe.path(), mode)
}

// diagnoseEndpoints checks that an enabled endpoint at Stripe delivers every event that we use.
func diagnoseEndpoints(endpoints []stripebilling.Endpoint, path, mode string) Finding {
	for _, e := range endpoints {
		if !strings.HasSuffix(e.URL, path) || !e.Enabled {
			continue
		}
		var missing []string
		for _, kind := range ingest.Types(lockstep.Stripe) {
			if !slices.Contains(e.Events, "*") && !slices.Contains(e.Events, kind) {
				missing = append(missing, kind)
			}
		}
		if len(missing) > 0 {
			return Finding{"Stripe", Warning, fmt.Sprintf("in %s mode; the endpoint %s does not deliver %s; add them in Stripe's dashboard, or the gap scan finds these events minutes later",
				mode, e.URL, strings.Join(missing, ", "))}
		}
		return Finding{"Stripe", Fine, fmt.Sprintf("in %s mode; delivers to %s", mode, e.URL)}
	}
	return Finding{"Stripe", Warning, "in " + mode + " mode; no enabled webhook endpoint ends in " + path +
		"; create one in Stripe's dashboard, or the gap scan finds events minutes later"}
}

// advice says what to do about a provider's failure: check the key if the provider rejected it, check
// the network if no answer came.
func advice(err error, key, base string) string {
	var upstream *lockstep.UpstreamError
	switch {
	case !errors.As(err, &upstream):
		return ""
	case upstream.Status == http.StatusUnauthorized:
		return "; " + key + " is wrong or was revoked; copy it again from the dashboard"
	case upstream.Status == http.StatusForbidden:
		return "; " + key + " lacks a permission; allow it to read this in the dashboard"
	case upstream.Status == 0:
		return "; no answer came; check the network and " + base
	}
	return "; run doctor again when the provider answers"
}

func diagnoseDirectory(ctx context.Context, c Config) Finding {
	id, err := identities(c)
	if err != nil {
		return Finding{"identities", Failure, err.Error()}
	}
	page, _, err := id.directory.Identities(ctx, lockstep.User, "")
	switch {
	case err != nil:
		return Finding{"identities", Failure, err.Error() + advice(err, "CLERK_SECRET_KEY", "clerk_api_base")}
	case len(page) == 0:
		return Finding{"identities", Warning, "the directory lists no users; check that CLERK_SECRET_KEY belongs to the right instance"}
	}
	return Finding{"identities", Fine, fmt.Sprintf("%d users on the first page", len(page))}
}

func diagnoseDeletions(ctx context.Context, c Config) (Finding, error) {
	f := Finding{"deletions", Fine, "none held"}
	tally, err := c.Store.DeletionTally(ctx)
	held, refused := tally[lockstep.DeletionHeld], tally[lockstep.DeletionRefused]
	switch {
	case held > 0:
		f.Level, f.Detail = Failure, fmt.Sprintf("the brake holds %d; run lockstep deletions list, then approve or discard them", held)
	case refused > 0:
		f.Level, f.Detail = Failure, fmt.Sprintf("Stripe refused to end the billing of %d; run lockstep deletions list, end it in the dashboard, then approve them", refused)
	}
	return f, err
}

// backlogged is the maximum number of keys to count.
const backlogged = 10_000

func diagnoseWork(ctx context.Context, c Config) (Finding, error) {
	f := Finding{"work", Fine, "nothing failed or parked"}
	backlog, err := c.Store.Backlog(ctx, backlogged)
	count := map[lockstep.Disposition]int{}
	for _, w := range backlog {
		count[w.Disposition]++
	}
	failed, parked := count[lockstep.Failed], count[lockstep.Parked]
	if failed+parked > 0 {
		f.Level, f.Detail = Warning, fmt.Sprintf("%d keys failed and %d are parked; GET /v1/work shows why, and lockstep link links a parked customer to an account", failed, parked)
	}
	return f, err
}

func diagnoseWebhooks(ctx context.Context, c Config) (Finding, error) {
	f := Finding{"webhooks", Fine, fmt.Sprintf("%d endpoints, all enabled", len(c.Webhooks))}
	var problems []error
	for _, w := range c.Webhooks {
		e, err := c.Store.WebhookEndpoint(ctx, w.ID)
		switch {
		case err != nil:
			problems = append(problems, err)
		case !e.DisabledAt.IsZero():
			f.Level, f.Detail = Failure, fmt.Sprintf("%s is disabled (%s); enable it with POST /v1/webhooks/%s/enable", w.ID, e.Reason, w.ID)
		}
	}
	return f, errors.Join(problems...)
}
