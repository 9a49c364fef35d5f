package server

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// lately is how many events are looked at, the newest ones.
const lately = 100

// A webhook secret cannot be compared with the provider's, who does not show it again. But
// only what was signed with it is stored as delivered: so the stored events tell whether it is
// right, once the service has run.

func diagnoseStripeDeliveries(ctx context.Context, c Config) (Finding, error) {
	f := Finding{What: "Stripe hooks", Level: Fine}
	if len(c.Stripe.WebhookSecrets) == 0 {
		f.Detail = "no signing secret, so none are taken"
		return f, nil
	}
	page, err := c.Store.Events(ctx, lockstep.EventFilter{Source: lockstep.Stripe, Limit: lately, Bodiless: true})
	switch at, delivered := lastDelivered(page.Events); {
	case err != nil:
	case delivered:
		f.Detail = "the last one arrived at " + at
	case len(page.Events) == 0:
		f.Level, f.Detail = Warning, "none has arrived yet, so STRIPE_WEBHOOK_SECRET is not proven right: cause an event (stripe trigger customer.created), then run this again"
	default:
		f.Level, f.Detail = Failure, fmt.Sprintf("the last %d events were all found by the gap scan, and none arrived signed with STRIPE_WEBHOOK_SECRET: compare it with Stripe Dashboard > Developers > Webhooks > your endpoint > Signing secret, and look there for failed deliveries", len(page.Events))
	}
	return f, err
}

func diagnoseClerkDeliveries(ctx context.Context, c Config) (Finding, error) {
	f := Finding{What: "Clerk hooks", Level: Fine}
	if c.Identities == FromAPI || len(c.Clerk.WebhookSecrets) == 0 {
		f.Detail = "no signing secret, so none are taken"
		return f, nil
	}
	page, err := c.Store.Events(ctx, lockstep.EventFilter{Source: lockstep.Clerk, Limit: 1, Bodiless: true})
	if err != nil {
		return f, err
	}
	if at, delivered := lastDelivered(page.Events); delivered {
		f.Detail = "the last one arrived at " + at
		return f, nil
	}
	// Once an account is known, its metadata was written, of which Clerk tells by a webhook.
	known, err := c.Store.AccountsAfter(ctx, lockstep.Account{}, 1)
	f.Level, f.Detail = Warning, "none has arrived yet, so CLERK_WEBHOOK_SIGNING_SECRET is not proven right: send a test event from Clerk Dashboard > Configure > Webhooks > your endpoint > Testing, then run this again"
	if len(known) > 0 {
		f.Level, f.Detail = Failure, "accounts are known, and no delivery arrived signed with CLERK_WEBHOOK_SIGNING_SECRET: compare it with Clerk Dashboard > Configure > Webhooks > your endpoint > Signing Secret, and look there for failed deliveries"
	}
	return f, err
}

// lastDelivered is when the newest event of a list arrived by webhook, if one did.
func lastDelivered(newestFirst []lockstep.Event) (at string, delivered bool) {
	for _, e := range newestFirst {
		if e.Origin == lockstep.Delivered {
			return e.ReceivedAt.UTC().Format("2006-01-02 15:04:05 UTC"), true
		}
	}
	return "", false
}
