package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/setup"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// setupTarget is the Stripe account, and what the configuration says of it.
type setupTarget struct {
	client    *stripebilling.Client
	wanted    setup.Wanted // its URL is set when Stripe was read
	file      file
	path      string // of Stripe's webhooks
	clerkPath string
	database  string
	simulated bool
}

// target reads the configuration. It needs no secret but Stripe's key: setup makes the others.
func (c *setupCommand) target(in *surroundings) (*setupTarget, error) {
	f, err := readFile(c.Config)
	if err != nil {
		return nil, err
	}
	key, err := stripeKey.read(in.getenv)
	if err != nil {
		return nil, err
	}
	t := &setupTarget{file: f, path: first(c.StripePath, f.StripePath, server.DefaultStripePath),
		clerkPath: first(c.ClerkPath, f.ClerkPath, server.DefaultClerkPath),
		database:  first(c.Database, f.Database, defaultDatabase),
		wanted:    setup.Wanted{Portal: f.Buying.PortalConfiguration}}
	base := first(c.StripeAPIBase, f.StripeAPIBase)
	t.simulated = base != ""
	if stripeWebhook.isSet(in.getenv) {
		if t.wanted.Secrets, err = stripeWebhook.list(in.getenv); err != nil {
			return nil, err
		}
	}
	t.client, err = stripebilling.New(stripebilling.Config{Key: key, BaseURL: base})
	return t, err
}

func (t *setupTarget) mode() string {
	if t.client.Live() {
		return "live"
	}
	return "test"
}

// public returns the public URL without the path of the webhooks.
func (t *setupTarget) public(c *setupCommand) string {
	return strings.TrimRight(first(c.PublicURL, t.file.PublicURL), "/")
}

// endpointURL returns where Stripe delivers. Without the setting, its error suggests what Stripe's endpoints say.
func (c *setupCommand) endpointURL(t *setupTarget, found setup.Found) (string, error) {
	if text := t.public(c); text != "" {
		public, err := setup.ParsePublicURL(text, t.simulated)
		if err != nil {
			return "", wrongUsage("public_url (or --public-url, LOCKSTEP_PUBLIC_URL): %w", err)
		}
		return public + t.path, nil
	}
	advice := "set it to the address at which Stripe reaches the service, for example https://billing.example.com"
	if urls := setup.PublicURLs(found.Endpoints, t.path); len(urls) > 0 {
		advice = "Stripe delivers to " + strings.Join(urls, " and ") + "; if that is this service, add --public-url=" + urls[0]
	}
	return "", wrongUsage("public_url (or --public-url, LOCKSTEP_PUBLIC_URL): it is not set; %s", advice)
}

// setupClerk is what an operator pastes into Clerk, which has no API for it.
type setupClerk struct {
	Claims map[string]string `json:"session_token_claims"`
	URL    string            `json:"webhook_url"`
	Events []string          `json:"webhook_events"`
}

// clerk returns nil if accounts do not come from Clerk.
func (t *setupTarget) clerk(public string) *setupClerk {
	if server.IdentitySource(t.file.Identity) == server.FromAPI {
		return nil
	}
	claims := map[string]string{}
	keys := t.file.access().Projection
	for claim, key := range map[string]string{"plan": keys.Plan, "billing": keys.Billing} {
		if key != "" {
			claims[claim] = "{{user.public_metadata." + key + "}}"
		}
	}
	return &setupClerk{Claims: claims, URL: public + t.clerkPath, Events: ingest.Types(lockstep.Clerk)}
}

func (s *setupClerk) write(out io.Writer) {
	claims, err := json.MarshalIndent(s.Claims, "  ", "  ")
	if err != nil { // a map of strings has none
		claims = []byte(err.Error())
	}
	fmt.Fprintf(out, `
Clerk has no API for its webhooks and session tokens. In its dashboard:

- Configure > Webhooks > Add Endpoint. Copy its signing secret to CLERK_WEBHOOK_SIGNING_SECRET.
  URL:    %s
  Events: %s
- Configure > Sessions > Customize session token, so that your app reads the plan without a call:
  %s
`, s.URL, strings.Join(s.Events, ", "), claims)
}

// errNoDatabase means that the database does not exist yet.
var errNoDatabase = errors.New("there is no database yet")
