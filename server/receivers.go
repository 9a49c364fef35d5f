package server

import (
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// receivers adds the webhook routes to mux. A provider without a webhook secret gets a route that
// explains what is missing.
func (p *parts) receivers(mux *http.ServeMux) {
	c := p.config
	add := func(path string, secrets []lockstep.Secret, from ingest.Source, missing string) {
		counted := p.counted(from.Name, ingest.Outcomes())
		if len(secrets) == 0 {
			mux.HandleFunc("POST "+path, func(w http.ResponseWriter, _ *http.Request) {
				counted("not_configured")
				ingest.Unconfigured(w, missing)
			})
			return
		}
		mux.Handle("POST "+path, &ingest.Endpoint{Source: from, Intake: p.intake, Log: c.Log, Counted: counted,
			Tracer: p.tracer})
	}
	add(c.Stripe.path(), c.Stripe.WebhookSecrets, stripeSource(c, p.billing),
		"STRIPE_WEBHOOK_SECRET is not set, so this server cannot verify Stripe's webhooks; it polls Stripe's event list instead")
	if c.Identities != FromAPI {
		add(c.Clerk.path(), c.Clerk.WebhookSecrets, clerkSource(c),
			"CLERK_WEBHOOK_SIGNING_SECRET is not set, so this server cannot verify Clerk's webhooks; it polls Clerk's users and organizations instead")
	}
}

func stripeSource(c Config, billing *stripebilling.Client) ingest.Source {
	environment := stripebilling.Environment{Live: billing.Live()}
	return ingest.Source{
		Name: lockstep.Stripe,
		Plausible: func(h http.Header, now time.Time) error {
			return stripebilling.Plausible(h, now, stripebilling.DefaultTolerance)
		},
		Verify: func(h http.Header, body []byte, now time.Time) error {
			return stripebilling.Verify(h, body, c.Stripe.WebhookSecrets, now, stripebilling.DefaultTolerance)
		},
		Read: func(_ http.Header, body []byte) (lockstep.Hint, error) {
			return stripebilling.Read(body, environment)
		},
	}
}

func clerkSource(c Config) ingest.Source {
	environment := clerkdirectory.Environment{InstanceID: c.Clerk.InstanceID}
	return ingest.Source{
		Name: lockstep.Clerk,
		Plausible: func(h http.Header, now time.Time) error {
			return clerkdirectory.Plausible(h, now, clerkdirectory.DefaultTolerance)
		},
		Verify: func(h http.Header, body []byte, now time.Time) error {
			return clerkdirectory.Verify(h, body, c.Clerk.WebhookSecrets, now, clerkdirectory.DefaultTolerance)
		},
		Read: func(h http.Header, body []byte) (lockstep.Hint, error) {
			return clerkdirectory.Read(h, body, environment)
		},
	}
}
