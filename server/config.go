package server

import (
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
	"github.com/lockstep-dev/lockstep/internal/tracing"
	"github.com/lockstep-dev/lockstep/internal/web/checkouts"
)

// Config describes a server. Store and Stripe are required, and so is Clerk unless Identities
// is [FromAPI]. Every other field works with its zero value.
//
// The names of the settings in lockstep.toml and of the environment variables, which errors
// mention, are listed in docs/configuration.md.
type Config struct {
	Store      lockstep.Store // from sqlitestore.Open or pgstore.Open, or your own
	Stripe     Stripe
	Identities IdentitySource // empty means FromClerk
	Clerk      Clerk          // must be the zero value with FromAPI

	Catalog    lockstep.Catalog // your plans; the empty catalog names plans after Stripe's prices
	Access     Access
	Customers  Customers
	Seats      lockstep.SeatPolicy // of organizations; the zero value leaves seats and members alone
	Deletion   Deletion
	Buying     Buying
	Activation Activation

	Email    Email
	Webhooks []Webhook // your endpoints that receive access changes and notices

	HTTP    HTTP
	Console Console
	Sync    Sync
	Log     *slog.Logger // nil means slog.Default()
	// Traces receives the spans of deliveries and runs; nil means none. Create the provider with
	// [TraceIDs] as its generator of ids, and shut it down after the server.
	Traces trace.TracerProvider
	// Settings are shown to operators by GET /v1/settings. They change nothing. Nil means the values of this
	// configuration that matter most, without their sources.
	Settings []lockstep.Setting
}

// TraceIDs generates the ids of spans, for the SDK's option WithIDGenerator. Runs link to the
// deliveries that caused them by ids that it computes; with another generator these links lead
// nowhere.
type TraceIDs = tracing.IDs

// IdentitySource says where users and organizations come from.
type IdentitySource string

// The sources of identities.
const (
	FromClerk IdentitySource = "clerk"
	// FromAPI: your servers create and delete accounts through the API. There are no session
	// tokens, so browsers cannot call the API.
	FromAPI IdentitySource = "api"
)

// Stripe says how to reach Stripe and how its events arrive.
type Stripe struct {
	Key     lockstep.Secret // sk_… or rk_…
	BaseURL string          // empty means https://api.stripe.com

	// WebhookSecrets (whsec_…) verify webhooks. List several while you rotate one. With Poll, they may
	// be missing.
	WebhookSecrets []lockstep.Secret
	WebhookPath    string // where Stripe delivers; empty means DefaultStripePath
	// Poll is how often to read Stripe's event list, instead of or beside webhooks; 0 means never.
	Poll time.Duration

	HTTPClient *http.Client    // nil means one with timeouts
	Limits     lockstep.Limits // the account's rate limits; the zero value means Stripe's defaults for the key's mode
}

// Clerk says how to reach Clerk and which of its events and session tokens to accept.
type Clerk struct {
	Key     lockstep.Secret // sk_…
	BaseURL string          // empty means https://api.clerk.com

	// WebhookSecrets (whsec_…) verify webhooks. Without any, Lockstep polls the directory, see
	// Intervals.DirectoryPoll.
	WebhookSecrets []lockstep.Secret
	WebhookPath    string // where Clerk delivers; empty means DefaultClerkPath
	InstanceID     string // ins_…: ignore events of other instances; empty accepts all that are signed

	Issuer            string   // of session tokens: the Frontend API URL; empty accepts any
	AuthorizedParties []string // origins whose session tokens are accepted; empty accepts any

	HTTPClient *http.Client    // nil means one with timeouts
	Limits     lockstep.Limits // the instance's rate limits; the zero value means Clerk's defaults for the key's mode
}

// Access says how Lockstep derives access from billing, and which part of it to write into the
// directory's metadata. Its zero value derives features from the catalog alone.
type Access struct {
	Entitlements bool                    // add the features of Stripe's entitlements
	Projection   lockstep.ProjectionKeys // the zero value means lockstep.DefaultProjectionKeys
}

// Customers says how accounts get their Stripe customers. Its zero value creates a customer for
// each new user and trusts only proven links.
type Customers struct {
	Creation     CustomerCreation       // empty means AtSignUp
	Details      lockstep.DetailsPolicy // who owns a customer's e-mail and name; empty means lockstep.RespectDetails
	AdoptByEmail bool                   // take over customers from before Lockstep by verified e-mail addresses
}

// CustomerCreation says when a user gets a Stripe customer. An organization always gets one at
// its first checkout.
type CustomerCreation string

// The moments of creation.
const (
	AtSignUp   CustomerCreation = "signup"
	AtCheckout CustomerCreation = "checkout"
)

// Deletion says what happens to the billing of accounts that the directory deletes. Its zero
// value deletes their customers, and brakes on bulk deletions.
type Deletion struct {
	Users         DeletionPolicy // empty means DeleteCustomer
	Organizations DeletionPolicy // empty means DeleteCustomer
	// EmptyOrganization is the policy for an organization that has no members left; empty means
	// lockstep.EmptyReport.
	EmptyOrganization lockstep.EmptyPolicy
	Brake             lockstep.Brake // holds bulk deletions for an operator
	// ForgetAfter is how long after a deletion the stored events are blanked; 0 means 30 days,
	// negative never.
	ForgetAfter time.Duration
}

// DeletionPolicy says what happens to the billing of a deleted account.
type DeletionPolicy = reconcile.DeletionPolicy

// The deletion policies.
const (
	DeleteCustomer      = reconcile.DeleteCustomer
	CancelSubscriptions = reconcile.CancelSubscriptions
	EndSubscriptions    = reconcile.EndSubscriptions
	KeepBilling         = reconcile.KeepBilling
)

// Buying says who may buy what. Its zero value lets users buy for themselves, and admins for
// their organization, what the catalog names.
type Buying struct {
	Policy              BuyingPolicy
	Roles               []string // of the members who may buy for an organization; empty means admin
	PortalConfiguration string   // of Stripe's customer portal, bpc_…; empty means the account's default
}

// BuyingPolicy says what an account may buy.
type BuyingPolicy = checkouts.Policy

// Activation is the page at /activate, to which buyers return after the checkout.
type Activation struct {
	App         string // your app's name; may be empty
	ContinueURL string // where the page sends buyers, unless its return_to parameter says where; may be empty
}

// HTTP says who may call the API. Its zero value serves browsers with session tokens only.
type HTTP struct {
	// APIKey is for servers, at least 32 characters. Separate several with commas while you rotate
	// it. Without one, no server can call.
	APIKey lockstep.Secret
	// ReturnOrigins ("https://app.example") are the origins from which browsers may call, and to
	// which buyers may return. Without any, servers may name every https URL.
	ReturnOrigins []string
	// TrustedProxies are addresses or networks ("10.0.0.0/8") whose X-Forwarded-For identifies the
	// client for rate limits. Nil trusts this machine; an empty list trusts none.
	TrustedProxies []string
}

// Console says who may use the console. Its zero value serves it at /console, to people who open a link of
// [Server.ConsoleLink] or of lockstep console.
type Console struct {
	Off    bool
	Grants []lockstep.ConsoleGrant // of Clerk users
	// StripePages and ClerkPages are where a simulator shows an object: an address to which the console adds the
	// object's id. They count only if BaseURL is not the provider's; empty then means no links.
	StripePages, ClerkPages string
}

// Sync says how the background work runs. Its zero value suits one process on SQLite as well as
// several on PostgreSQL.
type Sync struct {
	Workers      Workers
	Intervals    Intervals
	Retention    lockstep.Retention // of stored events
	Memory       Memory
	BackfillRate float64 // the share of the rate limits that a backfill may use; 0 means 0.9
	// NoStatistics saves the write of each minute. The console then has no charts.
	NoStatistics bool
}

// Workers says how many keys are processed at once, and for how long.
type Workers = runner.Config

// Intervals say how often each sweep runs.
type Intervals = sweep.Intervals

// Memory says how many accounts are kept in memory, and how old an answer from it may be.
type Memory = watch.Config

// withDefaults fills in the logger and the names of the metadata keys.
func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.Log = slog.New(tracing.Logs(c.Log.Handler()))
	budget := c.Access.Projection.Budget
	if c.Access.Projection == (lockstep.ProjectionKeys{Budget: budget}) {
		c.Access.Projection = lockstep.DefaultProjectionKeys
		c.Access.Projection.Budget = budget
	}
	return c
}
