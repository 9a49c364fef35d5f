package server

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// The paths where webhooks are received by default.
const (
	DefaultStripePath = "/webhooks/stripe"
	DefaultClerkPath  = "/webhooks/clerk"
)

// leastPoll is the shortest interval between two reads of Stripe's event list. Test mode
// allows 25 requests per second, which the rest of the work needs.
const leastPoll = time.Second

// path returns where Stripe delivers.
func (s Stripe) path() string { return orDefault(s.WebhookPath, DefaultStripePath) }

// path returns where Clerk delivers.
func (c Clerk) path() string { return orDefault(c.WebhookPath, DefaultClerkPath) }

func orDefault(path, byDefault string) string {
	if path == "" {
		return byDefault
	}
	return path
}

// validateSources checks how events reach us: by webhooks, by polling, or both.
func (c Config) validateSources() error {
	problems := []error{checkSecrets("Stripe webhook secret", c.Stripe.WebhookSecrets)}
	switch {
	case c.Stripe.Poll < 0 || c.Stripe.Poll > 0 && c.Stripe.Poll < leastPoll:
		problems = append(problems, fmt.Errorf("poll: %s is shorter than %s, which would use up Stripe's rate limit; try 5s",
			c.Stripe.Poll, leastPoll))
	case len(c.Stripe.WebhookSecrets) == 0 && c.Stripe.Poll == 0:
		problems = append(problems, errors.New("no Stripe webhook secret: set one, or poll Stripe's event list instead (poll = \"5s\")"))
	}
	if every := c.Intervals.DirectoryPoll; every < 0 || every > 0 && every < leastPoll {
		problems = append(problems, fmt.Errorf("sweeps.directory_poll: %s is shorter than %s, which would use up Clerk's rate limit; try 1m", every, leastPoll))
	}
	problems = append(problems, checkPath("stripe_webhook_path", c.Stripe.path()))
	if c.Identities != FromAPI {
		problems = append(problems, checkPath("clerk_webhook_path", c.Clerk.path()))
		if c.Clerk.path() == c.Stripe.path() {
			problems = append(problems, fmt.Errorf("clerk_webhook_path: %s is also Stripe's webhook path; choose two different paths", c.Clerk.path()))
		}
	}
	return errors.Join(problems...)
}

// plainPath is a path of plain segments. Anything else could mean a wildcard to the router,
// or reach us in another spelling than the provider was given.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// ownRoots are the first segments of our own paths.
var ownRoots = []string{"v1", "activate", "healthz", "livez", "readyz", "metrics", "mail", "console",
	"openapi", "openapi.json", "openapi.yaml", "openapi-3.0.json", "openapi-3.0.yaml", "schemas"}

func checkPath(setting, path string) error {
	if !plainPath.MatchString(path) {
		return fmt.Errorf("%s: %q is not a path of letters, digits and . _ ~ - that starts with / and does not end with it; for example /api/webhook", setting, path)
	}
	root, _, _ := strings.Cut(path[1:], "/")
	for _, own := range ownRoots {
		if root == own {
			return fmt.Errorf("%s: %q belongs to Lockstep's own /%s; choose another path, for example /api/webhook", setting,
				path, own)
		}
	}
	return nil
}

// polled returns how the sweeps replace webhooks that are not configured.
func (c Config) polled() sweep.Polled {
	return sweep.Polled{Events: c.Stripe.Poll,
		Directory: c.Identities != FromAPI && len(c.Clerk.WebhookSecrets) == 0}
}

// source describes how the events of one provider reach us, for the log, /healthz and doctor.
type source struct {
	provider lockstep.Source
	how      string
	level    Level
	advice   string
}

func (c Config) sources() []source {
	found := []source{{lockstep.Stripe, "webhooks at " + c.Stripe.path(), Fine, ""}}
	if every := c.Stripe.Poll; every > 0 {
		found[0].how = fmt.Sprintf("polling Stripe's event list every %s", every)
		if len(c.Stripe.WebhookSecrets) > 0 {
			found[0].how += ", and webhooks at " + c.Stripe.path()
		}
	}
	switch {
	case c.Identities == FromAPI:
	case c.polled().Directory:
		found = append(found, source{lockstep.Clerk, fmt.Sprintf("polling Clerk's users and organizations every %s",
			c.Intervals.PollsDirectory()), Warning,
			"no Clerk webhook secret is set; set CLERK_WEBHOOK_SIGNING_SECRET to learn of changes at once"})
	default:
		found = append(found, source{lockstep.Clerk, "webhooks at " + c.Clerk.path(), Fine, ""})
	}
	return found
}

// listedSources is what /healthz shows.
func (c Config) listedSources() map[string]string {
	listed := map[string]string{}
	for _, from := range c.sources() {
		listed[string(from.provider)] = from.how
	}
	return listed
}

// announce logs once how events reach us.
func (s *Server) announce() {
	for _, from := range s.sources {
		s.log.Info("receiving events", "provider", string(from.provider), "by", from.how)
		if from.advice != "" {
			s.log.Warn(from.advice)
		}
	}
}

// diagnoseSources says how events reach us.
func diagnoseSources(c Config) (found []Finding) {
	for _, from := range c.sources() {
		detail := from.how
		if from.advice != "" {
			detail += "; " + from.advice
		}
		found = append(found, Finding{string(from.provider) + " events", from.level, detail})
	}
	return found
}

// receivers adds the routes for webhooks to mux.
func (c Config) receivers(mux *http.ServeMux, billing *stripebilling.Client, intake *ingest.Intake) {
	add := func(path string, secrets []lockstep.Secret, from ingest.Source, missing string) {
		if len(secrets) == 0 {
			mux.HandleFunc("POST "+path, func(w http.ResponseWriter, _ *http.Request) { ingest.Unconfigured(w, missing) })
			return
		}
		mux.Handle("POST "+path, &ingest.Endpoint{Source: from, Intake: intake, Log: c.Log})
	}
	add(c.Stripe.path(), c.Stripe.WebhookSecrets, stripeSource(c, billing),
		"STRIPE_WEBHOOK_SECRET is not set, so this server cannot verify Stripe's webhooks; it polls Stripe's event list instead")
	if c.Identities != FromAPI {
		add(c.Clerk.path(), c.Clerk.WebhookSecrets, clerkSource(c),
			"CLERK_WEBHOOK_SIGNING_SECRET is not set, so this server cannot verify Clerk's webhooks; it polls Clerk's users and organizations instead")
	}
}
