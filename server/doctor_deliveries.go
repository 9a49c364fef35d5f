package server

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// lately is how many of the newest events a check reads.
const lately = 100

// No provider shows a signing secret again, so the checks cannot compare secrets. But the store keeps an
// event as delivered only if its delivery was signed with the configured secret. So once the service has
// run, the stored events show whether the secret is right.

func diagnoseStripeDeliveries(ctx context.Context, c Config) (Finding, error) {
	f := Finding{What: "Stripe hooks", Level: Fine}
	if len(c.Stripe.WebhookSecrets) == 0 {
		f.Detail = "no signing secret is configured, so webhooks are rejected"
		return f, nil
	}
	page, err := c.Store.Events(ctx, lockstep.EventFilter{Source: lockstep.Stripe, Limit: lately, Bodiless: true})
	switch at, delivered := lastDelivered(page.Events); {
	case err != nil:
	case delivered:
		f.Detail = "the last delivery arrived at " + at
	case len(page.Events) == 0:
		f.Level, f.Detail = Warning, "no delivery has arrived yet, so STRIPE_WEBHOOK_SECRET is not verified; cause an event (stripe trigger customer.created), then run doctor again"
	default:
		f.Level, f.Detail = Failure, fmt.Sprintf("the gap scan found the last %d events, but no delivery signed with STRIPE_WEBHOOK_SECRET arrived; compare the secret with Stripe Dashboard > Developers > Webhooks > your endpoint > Signing secret, and look there for failed deliveries", len(page.Events))
	}
	return f, err
}

func diagnoseClerkDeliveries(ctx context.Context, c Config) (Finding, error) {
	f := Finding{What: "Clerk hooks", Level: Fine}
	if c.Identities == FromAPI || len(c.Clerk.WebhookSecrets) == 0 {
		f.Detail = "no signing secret is configured, so webhooks are rejected"
		return f, nil
	}
	page, err := c.Store.Events(ctx, lockstep.EventFilter{Source: lockstep.Clerk, Limit: 1, Bodiless: true})
	if err != nil {
		return f, err
	}
	if at, delivered := lastDelivered(page.Events); delivered {
		f.Detail = "the last delivery arrived at " + at
		return f, nil
	}
	// Lockstep writes the metadata of each account it knows, and Clerk sends a webhook for that.
	known, err := c.Store.AccountsAfter(ctx, lockstep.Account{}, 1)
	f.Level, f.Detail = Warning, "no delivery has arrived yet, so CLERK_WEBHOOK_SIGNING_SECRET is not verified; send a test event from Clerk Dashboard > Configure > Webhooks > your endpoint > Testing, then run doctor again"
	if len(known) > 0 {
		f.Level, f.Detail = Failure, "Lockstep knows accounts, but no delivery signed with CLERK_WEBHOOK_SIGNING_SECRET arrived; compare the secret with Clerk Dashboard > Configure > Webhooks > your endpoint > Signing Secret, and look there for failed deliveries"
	}
	return f, err
}

// lastDelivered returns when the newest event that came by webhook arrived.
func lastDelivered(newestFirst []lockstep.Event) (at string, delivered bool) {
	for _, e := range newestFirst {
		if e.Origin == lockstep.Delivered {
			return e.ReceivedAt.UTC().Format("2006-01-02 15:04:05 UTC"), true
		}
	}
	return "", false
}
