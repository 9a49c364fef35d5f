package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// No provider shows a signing secret again, so the checks cannot compare secrets. But the store keeps an
// event as delivered only if its delivery was signed with the configured secret. So once the service has
// run, the stored events show whether the secret is right.

const (
	atStripeSecret = "Stripe Dashboard > Developers > Webhooks > your endpoint"
	atClerkSecret  = "Clerk Dashboard > Configure > Webhooks > your endpoint"
)

var (
	stripeUnverified = problem("stripe_secret_unverified", warning,
		"if STRIPE_WEBHOOK_SECRET is wrong, Stripe's deliveries fail with 400",
		"cause an event, for example with stripe trigger customer.created, then run lockstep doctor again")
	stripeMissing = problem("stripe_deliveries_missing", failure,
		"buyers wait for the gap scan: Stripe does not deliver, or STRIPE_WEBHOOK_SECRET is wrong",
		"compare STRIPE_WEBHOOK_SECRET with "+atStripeSecret+" > Signing secret, and look there for failed deliveries")
	stripeLate = problem("stripe_deliveries_late", warning,
		"buyers wait for the gap scan, unless Stripe only could not deliver while this service was down",
		"look for failed deliveries at "+atStripeSecret)
	clerkUnverified = problem("clerk_secret_unverified", warning,
		"if CLERK_WEBHOOK_SIGNING_SECRET is wrong, Clerk's deliveries fail with 400",
		"send a test event from "+atClerkSecret+" > Testing, then run lockstep doctor again")
	clerkMissing = problem("clerk_deliveries_missing", failure,
		"new users wait for the next list of the directory (sweeps.directory, 1 hour): Clerk does not deliver, or CLERK_WEBHOOK_SIGNING_SECRET is wrong",
		"compare CLERK_WEBHOOK_SIGNING_SECRET with "+atClerkSecret+" > Signing Secret, and look there for failed deliveries")
	clerkPolled = problem("clerk_polled", warning,
		"new users wait until Lockstep lists the directory (sweeps.directory_poll, 1 minute)",
		"set CLERK_WEBHOOK_SIGNING_SECRET from "+atClerkSecret+" > Signing Secret")
	eventsUnread = problem("events_unread", warning, "whether deliveries arrive is unknown", "check the database")
)

// newest is how many of the newest events a check reads.
const newest = 100

// stripeDeliveries looks for the last delivery from Stripe.
func stripeDeliveries(ctx context.Context, in *Installation) []lockstep.Finding {
	if len(in.Stripe.Webhooks) == 0 {
		return []lockstep.Finding{fine("not needed: Lockstep reads Stripe's event list every %s", in.Stripe.Poll)}
	}
	page, err := in.Store.Events(ctx, lockstep.EventFilter{Source: lockstep.Stripe, Limit: newest, Bodiless: true})
	if err != nil {
		return []lockstep.Finding{eventsUnread.found("%v", err)}
	}
	if len(page.Events) == 0 {
		return []lockstep.Finding{stripeUnverified.found("no delivery has arrived yet")}
	}
	last, scanned := lastDelivered(page.Events)
	switch {
	case in.Stripe.Poll > 0 && last.IsZero(): // polling is faster than a delivery
		return []lockstep.Finding{stripeUnverified.found("polling found every event before a delivery arrived")}
	case last.IsZero():
		return []lockstep.Finding{stripeMissing.found("the gap scan found the last %s, and no delivery signed with STRIPE_WEBHOOK_SECRET arrived",
			plural(len(page.Events), "event"))}
	case scanned > 0 && in.Stripe.Poll == 0:
		return []lockstep.Finding{stripeLate.found("the last delivery arrived %s; the gap scan found %s since",
			moment(last), plural(scanned, "event"))}
	}
	return []lockstep.Finding{fine("the last one arrived %s", moment(last))}
}

// clerkDeliveries looks for the last delivery from Clerk.
func clerkDeliveries(ctx context.Context, in *Installation) []lockstep.Finding {
	switch {
	case in.Clerk == nil:
		return []lockstep.Finding{fine("not needed: your servers put the accounts")}
	case len(in.Clerk.Webhooks) == 0:
		return []lockstep.Finding{clerkPolled.found("no signing secret is configured, so Lockstep polls Clerk")}
	}
	page, err := in.Store.Events(ctx, lockstep.EventFilter{Source: lockstep.Clerk, Limit: 1, Bodiless: true})
	if err != nil {
		return []lockstep.Finding{eventsUnread.found("%v", err)}
	}
	if last, _ := lastDelivered(page.Events); !last.IsZero() {
		return []lockstep.Finding{fine("the last one arrived %s", moment(last))}
	}
	// Lockstep writes the metadata of each account it knows, and Clerk sends a webhook for that.
	known, err := in.Store.AccountsAfter(ctx, lockstep.Account{}, 1)
	switch {
	case err != nil:
		return []lockstep.Finding{eventsUnread.found("%v", err)}
	case len(known) > 0:
		return []lockstep.Finding{clerkMissing.found("Lockstep knows accounts, but no delivery signed with CLERK_WEBHOOK_SIGNING_SECRET arrived")}
	}
	return []lockstep.Finding{clerkUnverified.found("no delivery has arrived yet")}
}

// lastDelivered returns when the newest event that came by webhook arrived, and how many events a scan found
// long enough after it: the scan may be faster than a delivery.
func lastDelivered(newestFirst []lockstep.Event) (last time.Time, scanned int) {
	var found []time.Time
	for _, e := range newestFirst {
		if e.Origin == lockstep.Delivered {
			last = e.ReceivedAt
			break
		}
		found = append(found, e.ReceivedAt)
	}
	for _, at := range found {
		if at.Sub(last) > lately {
			scanned++
		}
	}
	return last, scanned
}

// moment says when something happened.
func moment(at time.Time) string {
	return fmt.Sprintf("at %s (%s ago)", at.UTC().Format("2006-01-02 15:04:05 UTC"), since(at))
}

// since returns how long ago something happened, in two units at most.
func since(at time.Time) string {
	switch ago := time.Since(at); {
	case ago < time.Minute:
		return "less than a minute"
	case ago < time.Hour:
		return plural(int(ago/time.Minute), "minute")
	case ago < 48*time.Hour:
		return plural(int(ago/time.Hour), "hour")
	default:
		return plural(int(ago/(24*time.Hour)), "day")
	}
}
