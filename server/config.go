package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
	"github.com/lockstep-dev/lockstep/internal/web/checkouts"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// Config is all that a server is made of.
type Config struct {
	Store      lockstep.Store
	Stripe     Stripe
	Identities IdentitySource // empty means FromClerk
	Clerk      Clerk          // with FromAPI, the zero value

	// for servers that call the API, at least 32 characters; several are separated by commas; empty:
	// none can
	APIKey lockstep.Secret
	// TrustedProxies are addresses or networks ("10.0.0.0/8") whose X-Forwarded-For tells who a
	// client is, for the limits of each client; nil: those of this machine; empty: none.
	TrustedProxies []string
	ReturnOrigins  []string // where callers may ask to come back to: "https://app.example"; none: servers to all https
	Buying         Buying

	Catalog    lockstep.Catalog
	Entitled   bool                    // features come from Stripe's entitlements too
	Projection lockstep.ProjectionKeys // the zero value means lockstep.DefaultProjectionKeys
	Deletion   DeletionPolicies        // empty means delete
	Brake      lockstep.Brake          // on deletions that come in bulk; the zero value is good
	// EmptyOrganization says what becomes of the billing of an organization without members;
	// empty means lockstep.EmptyReport.
	EmptyOrganization lockstep.EmptyPolicy
	Forget            time.Duration // how long after a deletion stored events are blanked; 0: 30 days, negative: never

	// CustomerDetails says whether an address and a name that were changed at Stripe stay when
	// the directory changes; empty means lockstep.RespectDetails: they stay.
	CustomerDetails lockstep.DetailsPolicy

	AdoptByEmail bool // take over a customer from before Lockstep by the user's verified address
	// Customers says when a user gets a customer; empty means AtSignUp.
	Customers CustomerCreation
	// BackfillRate is the share of the allowed requests that a backfill makes; 0: 0.6.
	BackfillRate float64
	Activation   Activation
	Seats        lockstep.SeatPolicy // of organizations; the zero value leaves seats and members alone
	Email        Email
	Webhooks     []Webhook // yours, that are told what happens
	Workers      Workers
	Intervals    Intervals
	Retention    lockstep.Retention // of stored events; the zero value is good
	Memory       Memory
	Log          *slog.Logger // nil: slog.Default()
}

// IdentitySource says who keeps users and organizations.
type IdentitySource string

// The sources of identities.
const (
	FromClerk IdentitySource = "clerk"
	FromAPI   IdentitySource = "api" // servers put and delete accounts; there are no session tokens
)

// CustomerCreation says when a user gets a customer. An organization always gets one at its
// first checkout.
type CustomerCreation string

// The moments of creation.
const (
	AtSignUp   CustomerCreation = "signup"
	AtCheckout CustomerCreation = "checkout"
)

// validate reports a moment that does not exist.
func (m CustomerCreation) validate() error {
	if m != "" && m != AtSignUp && m != AtCheckout {
		return fmt.Errorf("customers: %q is neither %q nor %q", string(m), AtSignUp, AtCheckout)
	}
	return nil
}

// DeletionPolicy says what becomes of the billing of a deleted account.
type DeletionPolicy = reconcile.DeletionPolicy

// DeletionPolicies are the policies for users and for organizations.
type DeletionPolicies = reconcile.DeletionPolicies

// The deletion policies.
const (
	DeleteCustomer      = reconcile.DeleteCustomer
	CancelSubscriptions = reconcile.CancelSubscriptions
	EndSubscriptions    = reconcile.EndSubscriptions
	KeepBilling         = reconcile.KeepBilling
)

// Buying says who may buy what; its zero value is good.
type Buying struct {
	Policy              BuyingPolicy
	Roles               []string // of an organization's members who may spend for it; empty: admin
	PortalConfiguration string   // of Stripe's portal, bpc_…; empty: the account's default
}

// Activation is the page at /activate, to which buyers come back; its zero value is
// good.
type Activation struct {
	App         string // the application's name
	ContinueURL string // where the page goes on to, unless return_to says where; may be empty
}

// BuyingPolicy says what may be bought; its zero value is good.
type BuyingPolicy = checkouts.Policy

// Workers is how the work is done; its zero value is good.
type Workers = runner.Config

// Intervals say how often the sweeps begin; its zero value is good.
type Intervals = sweep.Intervals

// Memory is what is kept of accounts to answer from; its zero value is good.
type Memory = watch.Config

// Stripe is how Stripe is reached and believed.
type Stripe struct {
	Key            lockstep.Secret   // sk_… or rk_…
	BaseURL        string            // empty: https://api.stripe.com
	WebhookSecrets []lockstep.Secret // whsec_…; several while one is rolled; none are needed with Poll
	WebhookPath    string            // where Stripe delivers; empty: /webhooks/stripe
	Poll           time.Duration     // read Stripe's event list this often, so that no webhook is needed; 0: do not
	HTTPClient     *http.Client      // nil: one with timeouts
	Limits         lockstep.Limits   // of the account; the zero value: what Stripe grants a key of its mode
}

// Clerk is how Clerk is reached and believed.
type Clerk struct {
	Key               lockstep.Secret   // sk_…
	BaseURL           string            // empty: https://api.clerk.com
	WebhookSecrets    []lockstep.Secret // whsec_…; none: the directory is polled, see Intervals.DirectoryPoll
	WebhookPath       string            // where Clerk delivers; empty: /webhooks/clerk
	InstanceID        string            // ins_…; empty: events of any instance with the right secret
	Issuer            string            // of session tokens, the Frontend API URL
	AuthorizedParties []string          // the origins whose session tokens are accepted; empty: any
	HTTPClient        *http.Client      // nil: one with timeouts
	Limits            lockstep.Limits   // of the instance; the zero value: what Clerk grants a key of its mode
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	add := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	if c.Store == nil {
		add(errors.New("no store"))
	}
	add(c.validateSources())
	add(c.validateIdentities())
	add(c.checkProviders())
	add(c.checkReuse())
	add(checkAPIKeys(c.APIKey))
	_, err := proxies(c.TrustedProxies)
	add(err)
	for _, origin := range c.ReturnOrigins {
		add(httpapi.CheckOrigin(origin))
	}
	if u := c.Activation.ContinueURL; u != "" {
		if err := httpapi.CheckReturn(u); err != nil {
			add(fmt.Errorf("activation: continue_url %q: %w", u, err))
		}
	}
	if id := c.Buying.PortalConfiguration; id != "" && !strings.HasPrefix(id, "bpc_") {
		add(fmt.Errorf("portal configuration %q is no id of Stripe's: they begin with bpc_", id))
	}
	if slices.ContainsFunc(c.Buying.Roles, func(role string) bool { return strings.TrimPrefix(role, "org:") == "" }) {
		add(errors.New("a role that may buy is empty"))
	}
	add(c.Customers.validate())
	if c.BackfillRate < 0 || c.BackfillRate > 1 {
		add(fmt.Errorf("backfill rate: %v is not a share between 0 and 1; for example 0.6", c.BackfillRate))
	}
	add(c.Catalog.Validate())
	add(c.Projection.Validate())
	add(c.Deletion.Validate())
	add(c.Brake.Validate())
	add(c.CustomerDetails.Validate())
	add(c.EmptyOrganization.Validate())
	add(c.Buying.Policy.TrialsPer.Validate())
	if c.Identities == FromAPI && c.Buying.Policy.TrialsPer == lockstep.TrialPerEmail {
		add(errors.New(`buying.trials_per: "email" needs verified addresses, which identity = "api" does not provide; use "account"`))
	}
	add(c.Seats.Validate())
	if c.Identities == FromAPI && c.Seats != (lockstep.SeatPolicy{}) {
		add(errors.New("seats: who puts identities through the API does not say who their members are"))
	}
	add(c.Email.Validate())
	add(webhooks(c.Webhooks).Validate())
	add(c.Workers.Validate())
	add(c.Memory.Validate())
	add(c.Retention.Validate())
	add(c.Stripe.Limits.Validate())
	add(c.Clerk.Limits.Validate())
	return errors.Join(problems...)
}

func (c Config) validateIdentities() error {
	switch c.Identities {
	case FromAPI:
		if c.Clerk.Key != "" || len(c.Clerk.WebhookSecrets) > 0 || c.Clerk.Issuer != "" {
			return errors.New("identities come from the API, but Clerk is configured: choose one")
		}
		if c.APIKey == "" {
			return errors.New("identities come from the API, but there is no API key for the servers that put them")
		}
		return nil
	case FromClerk, "":
	default:
		return fmt.Errorf("identities come from %q, which is neither clerk nor api", string(c.Identities))
	}
	// none at all: the directory is polled
	problems := []error{checkSecrets("Clerk webhook secret", c.Clerk.WebhookSecrets)}
	for _, s := range c.Clerk.WebhookSecrets {
		if err := clerkdirectory.CheckSecret(s); errors.Is(err, clerkdirectory.ErrBadSecret) {
			problems = append(problems, errors.New("a Clerk webhook secret is not base64 after whsec_: copy it whole from the endpoint's page"))
		}
	}
	return errors.Join(problems...)
}

// checkSecrets refuses what several official libraries accept: with an empty secret
// anyone can sign an event.
func checkSecrets(name string, secrets []lockstep.Secret) error {
	for _, s := range secrets {
		if strings.TrimSpace(strings.TrimPrefix(s.Reveal(), "whsec_")) == "" {
			return fmt.Errorf("a %s is empty: with an empty secret anybody could sign events", name)
		}
	}
	return nil
}
