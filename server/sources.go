package server

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/buildinfo"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
)

// The default paths for webhooks.
const (
	DefaultStripePath = "/webhooks/stripe"
	DefaultClerkPath  = "/webhooks/clerk"
)

// leastPoll is the shortest interval for polling. In test mode Stripe allows 25 requests per
// second, and the rest of the work needs them.
const leastPoll = time.Second

// path returns where Stripe delivers.
func (s Stripe) path() string { return cmp.Or(s.WebhookPath, DefaultStripePath) }

// path returns where Clerk delivers.
func (c Clerk) path() string { return cmp.Or(c.WebhookPath, DefaultClerkPath) }

// validateSources checks how events reach us: by webhooks, by polling, or both.
func (c Config) validateSources() error {
	problems := []error{checkSecrets("STRIPE_WEBHOOK_SECRET", c.Stripe.WebhookSecrets)}
	switch {
	case c.Stripe.Poll < 0 || c.Stripe.Poll > 0 && c.Stripe.Poll < leastPoll:
		problems = append(problems, fmt.Errorf("poll: %s is shorter than %s, which would use up Stripe's rate limit; try 5s",
			c.Stripe.Poll, leastPoll))
	case len(c.Stripe.WebhookSecrets) == 0 && c.Stripe.Poll == 0:
		problems = append(problems, errors.New(`STRIPE_WEBHOOK_SECRET: it is not set; set it, or poll Stripe's event list instead with poll = "5s"`))
	}
	problems = append(problems, checkPath("stripe_webhook_path", c.Stripe.path()))
	if c.Identities != FromAPI {
		problems = append(problems, checkPath("clerk_webhook_path", c.Clerk.path()))
		if c.Clerk.path() == c.Stripe.path() {
			problems = append(problems, fmt.Errorf("clerk_webhook_path: %q is also Stripe's webhook path; choose two different paths", c.Clerk.path()))
		}
	}
	return errors.Join(problems...)
}

// plainPath matches a path of plain segments. The router could read anything else as a wildcard,
// or it could arrive in another spelling than the provider was given.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// ownRoots are the first segments of Lockstep's own paths.
var ownRoots = []string{"v1", "activate", "healthz", "livez", "readyz", "metrics", "mail", "console",
	"openapi", "openapi.json", "openapi.yaml", "openapi-3.0.json", "openapi-3.0.yaml", "schemas"}

func checkPath(setting, path string) error {
	if !plainPath.MatchString(path) {
		return fmt.Errorf("%s: %q is not a path; use letters, digits and . _ ~ - after a /, without a / at the end, for example /api/webhook", setting, path)
	}
	root, _, _ := strings.Cut(path[1:], "/")
	for _, own := range ownRoots {
		if root == own {
			return fmt.Errorf("%s: %q is under Lockstep's own /%s; choose another path, for example /api/webhook", setting,
				path, own)
		}
	}
	return nil
}

// polled says which webhooks the sweeps replace.
func (c Config) polled() sweep.Polled {
	return sweep.Polled{Events: c.Stripe.Poll,
		Directory: c.Identities != FromAPI && len(c.Clerk.WebhookSecrets) == 0}
}

// source describes how the events of one provider reach us, for the log and /healthz.
type source struct {
	provider lockstep.Source
	how      string
	advice   string
}

func (c Config) sources() []source {
	found := []source{{lockstep.Stripe, "webhooks at " + c.Stripe.path(), ""}}
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
			c.Sync.Intervals.PollsDirectory()),
			"CLERK_WEBHOOK_SIGNING_SECRET is not set; set it to receive changes at once"})
	default:
		found = append(found, source{lockstep.Clerk, "webhooks at " + c.Clerk.path(), ""})
	}
	return found
}

// listedSources describes the sources for /healthz.
func (c Config) listedSources() map[string]string {
	listed := map[string]string{}
	for _, from := range c.sources() {
		listed[string(from.provider)] = from.how
	}
	return listed
}

// announce logs once which build runs, and how events reach us.
func (s *Server) announce() {
	build := buildinfo.Read()
	s.log.Info("service started", "version", build.Version, "commit", build.Commit, "date", build.Date, "go", build.Go)
	for _, from := range s.sources {
		s.log.Info("receiving events", "provider", string(from.provider), "by", from.how)
		if from.advice != "" {
			s.log.Warn(from.advice)
		}
	}
}
