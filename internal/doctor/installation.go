package doctor

import (
	"context"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/out/webhookout"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// Installation is what the checks look at. What could not be built is nil; the problem is among Invalid.
type Installation struct {
	// Invalid are the problems of the configuration. Serve refuses to start with any.
	Invalid []error

	Store      lockstep.Store
	StoreError error // why Store is nil

	Stripe Stripe
	Clerk  *Clerk // nil: servers put accounts through the API

	Catalog      lockstep.Catalog
	Projection   lockstep.ProjectionKeys
	Entitlements bool // features also come from Stripe's entitlements

	ReturnOrigins []string
	Mailer        lockstep.Mailer    // nil: no e-mail is sent
	Caller        *webhookout.Caller // calls the endpoints
	Webhooks      []string           // their ids

	// Sample compares a few accounts with Stripe and the directory; nil: it cannot.
	Sample func(ctx context.Context) ([]lockstep.Comparison, error)

	stripe stripeAnswers
	clerk  clerkAnswers
}

// Stripe is the side of Stripe.
type Stripe struct {
	Client   *stripebilling.Client
	Key      lockstep.Secret
	Webhooks []lockstep.Secret
	Path     string        // where Stripe delivers
	Poll     time.Duration // how often its event list is read; 0: never
	Real     bool          // not a simulator
}

// Clerk is the side of Clerk.
type Clerk struct {
	Client            *clerkdirectory.Client
	Key               lockstep.Secret
	Webhooks          []lockstep.Secret
	InstanceID        string
	AuthorizedParties []string
	Real              bool // not a simulator
}

// stripeAnswers is what several checks need of Stripe. The first asks.
type stripeAnswers struct {
	once      sync.Once
	endpoints []stripebilling.WebhookEndpoint
	err       error
}

// endpoints asks Stripe for the webhook endpoints, once.
func (in *Installation) endpoints(ctx context.Context) ([]stripebilling.WebhookEndpoint, error) {
	in.stripe.once.Do(func() { in.stripe.endpoints, in.stripe.err = in.Stripe.Client.WebhookEndpoints(ctx) })
	return in.stripe.endpoints, in.stripe.err
}

// stripeAnswers reports whether Stripe accepts the key. A missing permission is another matter.
func (in *Installation) stripeAnswers(ctx context.Context) bool {
	if in.Stripe.Client == nil {
		return false
	}
	_, err := in.endpoints(ctx)
	return err == nil || forbidden(err)
}

// clerkAnswers is what several checks need of Clerk. The first asks.
type clerkAnswers struct {
	once     sync.Once
	instance string
	users    []lockstep.Identity // the first page
	err      error
}

// askClerk asks Clerk for the instance and the first page of users, once.
func (in *Installation) askClerk(ctx context.Context) *clerkAnswers {
	in.clerk.once.Do(func() {
		if in.clerk.instance, in.clerk.err = in.Clerk.Client.Instance(ctx); in.clerk.err == nil {
			in.clerk.users, _, in.clerk.err = in.Clerk.Client.Identities(ctx, lockstep.User, "")
		}
	})
	return &in.clerk
}
