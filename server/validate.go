package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// Validate reports every problem of the configuration at once. Each error names the setting as
// lockstep.toml or the environment spells it.
func (c Config) Validate() error {
	return errors.Join(
		c.validateStore(),
		c.validateSources(),
		c.validateIdentities(),
		c.checkProviders(),
		c.checkReuse(),
		c.HTTP.Validate(),
		c.Console.validate(c.Identities),
		c.Activation.Validate(),
		c.Customers.Validate(),
		c.Catalog.Validate(),
		c.Access.Projection.Validate(),
		c.Deletion.Validate(),
		c.Buying.Validate(),
		c.Seats.Validate(),
		c.validateWithoutClerk(),
		c.Email.Validate(),
		webhooks(c.Webhooks).Validate(),
		c.Sync.Validate(),
		c.Stripe.Limits.Validate(),
		c.Clerk.Limits.Validate())
}

var errNoStore = errors.New("store: it is missing; open one with sqlitestore.Open or pgstore.Open")

func (c Config) validateStore() error {
	if c.Store == nil {
		return errNoStore
	}
	return nil
}

// validateIdentities checks that exactly one source of identities is configured.
func (c Config) validateIdentities() error {
	switch c.Identities {
	case FromAPI:
		if c.Clerk.Key != "" || len(c.Clerk.WebhookSecrets) > 0 || c.Clerk.Issuer != "" {
			return errors.New(`identity: it is "api", but Clerk is configured too; remove CLERK_SECRET_KEY, CLERK_WEBHOOK_SIGNING_SECRET and clerk.issuer, or set identity = "clerk"`)
		}
		if c.HTTP.APIKey == "" {
			return errors.New(`LOCKSTEP_API_KEY: it is not set, but with identity = "api" your servers need it to create accounts; ` + makeAPIKey)
		}
		return nil
	case FromClerk, "":
	default:
		return fmt.Errorf(`identity: %q is not supported; use "clerk" or "api"`, string(c.Identities))
	}
	// No secret at all is fine: the directory is polled.
	problems := []error{checkSecrets("CLERK_WEBHOOK_SIGNING_SECRET", c.Clerk.WebhookSecrets)}
	for _, s := range c.Clerk.WebhookSecrets {
		if err := clerkdirectory.CheckSecret(s); errors.Is(err, clerkdirectory.ErrBadSecret) {
			problems = append(problems, errors.New("CLERK_WEBHOOK_SIGNING_SECRET: the part after whsec_ is not base64; copy the whole secret from Clerk Dashboard > Configure > Webhooks > your endpoint"))
		}
	}
	return errors.Join(problems...)
}

// validateWithoutClerk refuses settings that need what only Clerk can tell.
func (c Config) validateWithoutClerk() error {
	if c.Identities != FromAPI {
		return nil
	}
	var problems []error
	if c.Buying.Policy.TrialsPer == lockstep.TrialPerEmail {
		problems = append(problems, errors.New(`buying.trials_per: "email" needs verified addresses, which identity = "api" does not provide; use "account"`))
	}
	if c.Seats != (lockstep.SeatPolicy{}) {
		problems = append(problems, errors.New(`seats: they need member counts, which identity = "api" does not provide; remove [seats]`))
	}
	return errors.Join(problems...)
}

// Validate reports every problem at once.
func (h HTTP) Validate() error {
	_, err := proxies(h.TrustedProxies)
	problems := []error{checkAPIKeys(h.APIKey), err}
	for _, origin := range h.ReturnOrigins {
		problems = append(problems, httpapi.CheckOrigin(origin))
	}
	return errors.Join(problems...)
}

// Validate reports a URL that no browser can be sent to.
func (a Activation) Validate() error {
	if a.ContinueURL == "" {
		return nil
	}
	if err := httpapi.CheckReturn(a.ContinueURL); err != nil {
		return fmt.Errorf("activation.continue_url: %w; for example https://app.example.com/welcome", err)
	}
	return nil
}

// Validate reports every problem at once.
func (c Customers) Validate() error {
	return errors.Join(c.Creation.validate(), c.Details.Validate())
}

func (m CustomerCreation) validate() error {
	if m != "" && m != AtSignUp && m != AtCheckout {
		return fmt.Errorf("customers: %q is not supported; use %q or %q", string(m), AtSignUp, AtCheckout)
	}
	return nil
}

// Validate reports every problem at once.
func (d Deletion) Validate() error {
	return errors.Join(d.policies().Validate(), d.EmptyOrganization.Validate(), d.Brake.Validate())
}

func (d Deletion) policies() reconcile.DeletionPolicies {
	return reconcile.DeletionPolicies{Users: d.Users, Organizations: d.Organizations}
}

// Validate reports every problem at once.
func (b Buying) Validate() error {
	problems := []error{b.Policy.TrialsPer.Validate()}
	if id := b.PortalConfiguration; id != "" && !strings.HasPrefix(id, "bpc_") {
		problems = append(problems, fmt.Errorf("buying.portal_configuration: %q is not the id of a portal configuration, which begins with bpc_; copy it from Stripe Dashboard > Settings > Billing > Customer portal", id))
	}
	if slices.ContainsFunc(b.Roles, func(role string) bool { return strings.TrimPrefix(role, "org:") == "" }) {
		problems = append(problems, errors.New(`buying.roles: a role is empty; name a role of your organizations, for example "admin"`))
	}
	return errors.Join(problems...)
}

// Validate reports every problem at once.
func (s Sync) Validate() error {
	problems := []error{s.Workers.Validate(), s.Memory.Validate(), s.Retention.Validate()}
	if s.BackfillRate < 0 || s.BackfillRate > 1 {
		problems = append(problems, fmt.Errorf("backfill.rate: %v is not a share between 0 and 1; for example 0.9", s.BackfillRate))
	}
	if every := s.Intervals.DirectoryPoll; every < 0 || every > 0 && every < leastPoll {
		problems = append(problems, fmt.Errorf("sweeps.directory_poll: %s is shorter than %s, which would use up Clerk's rate limit; try 1m",
			every, leastPoll))
	}
	return errors.Join(problems...)
}

// checkSecrets refuses an empty secret, which several official libraries accept: with it anyone
// can sign an event.
func checkSecrets(name string, secrets []lockstep.Secret) error {
	for _, s := range secrets {
		if strings.TrimSpace(strings.TrimPrefix(s.Reveal(), "whsec_")) == "" {
			return fmt.Errorf("%s: a secret is empty, so anyone could sign events; remove it, or copy it from the endpoint's page", name)
		}
	}
	return nil
}
