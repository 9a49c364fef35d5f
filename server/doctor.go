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

// Finding is one thing that a diagnosis looked at.
type Finding struct {
	What   string // what was looked at
	Level  Level
	Detail string // what is so, and what to do about it
}

// Level says how a finding is.
type Level string

// The levels.
const (
	Fine    Level = "ok"
	Warning Level = "warn"
	Failure Level = "fail"
)

// Diagnose looks at what a configuration leads to: whether Stripe and the directory
// take the keys, whether Stripe delivers what Lockstep needs, and what the database says
// of held deletions, failed work and endpoints that are disabled. It changes nothing.
func Diagnose(ctx context.Context, c Config) []Finding {
	var found []Finding
	add := func(what string, level Level, format string, args ...any) {
		found = append(found, Finding{what, level, fmt.Sprintf(format, args...)})
	}
	problems := each(c.Validate())
	for _, err := range problems { // and go on: a fault here should not hide the others
		add("configuration", Failure, "%v", err)
	}
	if len(problems) == 0 {
		add("configuration", Fine, "%d plans in the catalog", len(c.Catalog.Plans))
	}
	if c.Store == nil {
		return found
	}
	if err := c.Store.Ping(ctx); err != nil {
		add("database", Failure, "%v", err)
		return found
	}
	add("database", Fine, "can be read and written")
	found = append(found, diagnoseSources(c)...)
	stripe := diagnoseStripe(ctx, c)
	found = append(found, stripe, diagnoseDirectory(ctx, c), diagnoseInstances(ctx, c))
	if stripe.Level == Failure {
		found = append(found, catalogSkipped)
	} else {
		found = append(found, diagnoseCatalog(ctx, c)...)
		found = append(found, diagnosePrices(ctx, c)...)
	}
	for _, look := range []func(context.Context, Config) (Finding, error){diagnoseStripeDeliveries,
		diagnoseClerkDeliveries, diagnoseDeletions, diagnoseWork, diagnoseWebhooks} {
		finding, err := look(ctx, c)
		if err != nil {
			finding.Level, finding.Detail = Failure, err.Error()
		}
		found = append(found, finding)
	}
	return found
}

// each is the errors that were joined.
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
	path := c.Stripe.path()
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
			return Finding{f.What, Warning, fmt.Sprintf("in %s mode; the endpoint %s does not deliver %s: what happens is found by the gap scan only, minutes later", mode, e.URL, strings.Join(missing, ", "))}
		}
		return Finding{f.What, Fine, fmt.Sprintf("in %s mode; delivers to %s", mode, e.URL)}
	}
	return Finding{f.What, Warning, "in " + mode + " mode; no enabled webhook endpoint ends in " + path +
		": create one in Stripe's dashboard, or events are found by the gap scan only"}
}

// advice says what to do about a provider's failure: about the key if the provider refused
// it, about the network if no answer came.
func advice(err error, key, base string) string {
	var upstream *lockstep.UpstreamError
	switch {
	case !errors.As(err, &upstream):
		return ""
	case upstream.Status == http.StatusUnauthorized:
		return "; " + key + " is wrong or was revoked: copy it again from the dashboard"
	case upstream.Status == http.StatusForbidden:
		return "; " + key + " lacks a permission: allow it to read this in the dashboard"
	case upstream.Status == 0:
		return "; no answer came: check the network and " + base
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
		return Finding{"identities", Warning, "the directory lists no users; with Clerk, check that CLERK_SECRET_KEY belongs to the right instance"}
	}
	return Finding{"identities", Fine, fmt.Sprintf("%d users on the first page", len(page))}
}

func diagnoseDeletions(ctx context.Context, c Config) (Finding, error) {
	f := Finding{"deletions", Fine, "none is held"}
	tally, err := c.Store.DeletionTally(ctx)
	held, refused := tally[lockstep.DeletionHeld], tally[lockstep.DeletionRefused]
	switch {
	case held > 0:
		f.Level, f.Detail = Failure, fmt.Sprintf("the brake holds %d: lockstep deletions list, then approve or discard", held)
	case refused > 0:
		f.Level, f.Detail = Failure, fmt.Sprintf("Stripe refused to end the billing of %d: lockstep deletions list, end it in the dashboard, then approve", refused)
	}
	return f, err
}

// backlogged is how much of the backlog is looked at.
const backlogged = 10_000

func diagnoseWork(ctx context.Context, c Config) (Finding, error) {
	f := Finding{"work", Fine, "nothing failed, nothing is parked"}
	backlog, err := c.Store.Backlog(ctx, backlogged)
	count := map[lockstep.Disposition]int{}
	for _, w := range backlog {
		count[w.Disposition]++
	}
	failed, parked := count[lockstep.Failed], count[lockstep.Parked]
	if failed+parked > 0 {
		f.Level, f.Detail = Warning, fmt.Sprintf("%d keys failed and %d are parked: GET /v1/work says why; lockstep link gives a parked customer to an account", failed, parked)
	}
	return f, err
}

func diagnoseWebhooks(ctx context.Context, c Config) (Finding, error) {
	f := Finding{"webhooks", Fine, fmt.Sprintf("%d endpoints of yours, all enabled", len(c.Webhooks))}
	var problems []error
	for _, w := range c.Webhooks {
		e, err := c.Store.WebhookEndpoint(ctx, w.ID)
		switch {
		case err != nil:
			problems = append(problems, err)
		case !e.DisabledAt.IsZero():
			f.Level, f.Detail = Failure, fmt.Sprintf("%s is disabled (%s): POST /v1/webhooks/%s/enable", w.ID, e.Reason, w.ID)
		}
	}
	return f, errors.Join(problems...)
}
