package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/setup"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// setupCommand prepares Stripe for the service, and says what to paste into Clerk. It talks to Stripe itself,
// so that it works before the service starts for the first time.
type setupCommand struct {
	Check         bool   `help:"Only report. Ends with status 3 if something differs, and 4 if Stripe could not be read."`
	PublicURL     string `name:"public-url" help:"Where the outside reaches the service, without the webhook path." env:"LOCKSTEP_PUBLIC_URL" placeholder:"URL" example:"https://billing.example.com"`
	RollSecret    bool   `help:"Replace the endpoint to get a new signing secret. Run setup --yes afterwards, when the service has both."`
	Yes           bool   `help:"Also disable endpoints that deliver everything twice, and delete a replaced one." short:"y"`
	Keep          string `help:"With several endpoints: the one whose secret the service uses." placeholder:"ID" example:"we_1"`
	Config        string `help:"Configuration file (default: lockstep.toml, if it exists)." env:"LOCKSTEP_CONFIG" type:"path" placeholder:"FILE" example:"lockstep.toml"`
	Database      string `help:"The database with the audit log (default: sqlite:lockstep.db)." env:"DATABASE_URL" placeholder:"URL" example:"sqlite:lockstep.db"`
	StripePath    string `name:"stripe-webhook-path" help:"Where Stripe delivers webhooks (default: /webhooks/stripe)." env:"STRIPE_WEBHOOK_PATH" placeholder:"PATH" example:"/api/webhook"`
	ClerkPath     string `name:"clerk-webhook-path" help:"Where Clerk delivers webhooks (default: /webhooks/clerk)." env:"CLERK_WEBHOOK_PATH" placeholder:"PATH" example:"/api/webhooks/clerk"`
	StripeAPIBase string `help:"Stripe's API, or a simulator's." env:"STRIPE_API_BASE" placeholder:"URL" example:"http://127.0.0.1:12111"`
	JSON          bool   `help:"Print JSON."`
	reasoned
}

// Help is shown by setup --help.
func (*setupCommand) Help() string {
	return "Creates or repairs the webhook endpoint at Stripe, and a configuration of the customer portal if there is none. Prints the secret of a new endpoint to standard output and everything else to standard error, with what to paste into Clerk. Takes the environment and configuration file of serve."
}

// Validate is called by kong.
func (c *setupCommand) Validate() error {
	if c.Check && (c.RollSecret || c.Yes || c.Keep != "") {
		return errors.New("--check: it changes nothing, so leave out --roll-secret, --yes and --keep")
	}
	return c.reasoned.Validate()
}

// setupWithin is how long all calls to Stripe together may take.
const setupWithin = 2 * time.Minute

// Run compares, changes and reports.
func (c *setupCommand) Run(ctx context.Context, in *surroundings) error {
	ctx, cancel := context.WithTimeout(ctx, setupWithin)
	defer cancel()
	to, err := c.target(in)
	if err != nil {
		return err
	}
	found, unread := setup.Read(ctx, to.client)
	if unread != nil {
		unread = endedWith(statusUnknown, fmt.Errorf("stripe could not be read: %w%s", unread, setupAdvice(unread)))
		if !c.Check || found.Endpoints == nil {
			return unread
		}
	}
	if to.wanted.URL, err = c.endpointURL(to, found); err != nil {
		return err
	}
	if err := c.known(to.wanted, found); err != nil {
		return err
	}
	r := &setupReport{Mode: to.mode(), URL: to.wanted.URL, Findings: setup.Compare(to.wanted, found, c.choice()),
		Clerk: to.clerk(to.public(c)), Recorded: "nothing was changed"}
	for _, e := range found.Elsewhere(to.wanted, to.path) {
		r.Elsewhere = append(r.Elsewhere, elsewhere{e.ID, e.URL})
	}
	if !c.Check {
		err = c.apply(ctx, in, to, r)
	}
	return errors.Join(err, unread, c.print(in, r), r.status(err != nil))
}

func (c *setupCommand) choice() setup.Choice {
	return setup.Choice{Yes: c.Yes, Roll: c.RollSecret, Keep: c.Keep}
}

// known rejects an endpoint to keep that does not deliver to the service.
func (c *setupCommand) known(w setup.Wanted, found setup.Found) error {
	if c.Keep == "" || found.Delivers(w, c.Keep) {
		return nil
	}
	return wrongUsage("--keep: no endpoint %s delivers to %s; leave it out to see which do", c.Keep, w.URL)
}

// apply makes the changes, recorded in the audit log if there is one.
func (c *setupCommand) apply(ctx context.Context, in *surroundings, to *setupTarget, r *setupReport) error {
	choice := c.choice()
	if !setup.Changes(r.Findings, choice) {
		return nil
	}
	s := &setup.Setup{Stripe: to.client, Wanted: to.wanted, Choice: choice, Prove: setup.Prove,
		Reveal: func(secret lockstep.Secret, old string) error { return c.reveal(in.stdout, to.wanted, r, secret, old) }}
	return c.recorded(ctx, in, to, r, func() (err error) {
		r.Findings, err = s.Apply(ctx, r.Findings)
		return err
	})
}

// reveal prints a new secret, as a line of an environment file: before the one in use, if there is one. With
// --json it is in the result.
func (c *setupCommand) reveal(out io.Writer, w setup.Wanted, r *setupReport, secret lockstep.Secret, old string) error {
	value := secret.Reveal()
	if old != "" {
		for _, used := range w.Secrets {
			value += "," + used.Reveal()
		}
	}
	r.Secret = value
	if c.JSON {
		return nil
	}
	_, err := fmt.Fprintf(out, "%s=%s\n", stripeWebhook.names[0], value)
	return err
}

// setupAdvice says what to do about Stripe's refusal.
func setupAdvice(err error) string {
	var upstream *lockstep.UpstreamError
	switch {
	case !errors.As(err, &upstream):
		return ""
	case upstream.Status == 401:
		return "; STRIPE_SECRET_KEY is wrong or was revoked, copy it again from the dashboard"
	case upstream.Status == 403:
		return "; a restricted key needs Write for Webhook Endpoints and Customer portal while setup runs, see SECURITY.md"
	case upstream.Status == 0:
		return "; no answer came, check the network and stripe_api_base"
	}
	return ""
}

// setupReport is the result of setup.
type setupReport struct {
	Mode      string          `json:"mode"`
	URL       string          `json:"url"`
	Secret    string          `json:"stripe_webhook_secret,omitempty"`
	Findings  []setup.Finding `json:"findings"`
	Elsewhere []elsewhere     `json:"elsewhere,omitempty"`
	Clerk     *setupClerk     `json:"clerk,omitempty"`
	Recorded  string          `json:"audit"`
}

// elsewhere is an endpoint of another service, or of an earlier address.
type elsewhere struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// status is 3 while something differs.
func (r *setupReport) status(failed bool) error {
	open := 0
	for _, f := range r.Findings {
		if !f.Fixed && !f.Next {
			open++
		}
	}
	if open == 0 || failed {
		return nil
	}
	return endedWith(statusDiffers, fmt.Errorf("setup: differences left: %d; each line that starts with differs says what to do", open))
}

// print writes the report: to standard output if it is the whole result, otherwise to standard error, because
// standard output is for the secret.
func (c *setupCommand) print(in *surroundings, r *setupReport) error {
	if c.JSON {
		if r.Findings == nil {
			r.Findings = []setup.Finding{}
		}
		encoder := json.NewEncoder(in.stdout)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	var out io.Writer = os.Stderr
	if c.Check {
		out = in.stdout
	}
	fmt.Fprintf(out, "Stripe, %s mode, API version %s: %s\n", r.Mode, stripebilling.APIVersion, r.URL)
	for _, f := range r.Findings {
		state := "differs"
		switch {
		case f.Fixed:
			state = "fixed"
		case f.Next:
			state = "next"
		}
		fmt.Fprintf(out, "%-7s  %s: %s\n         %s\n", state, f.Subject, f.Problem, f.Fix)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(out, "ok       the endpoint and the portal are as the service needs them")
	}
	for _, e := range r.Elsewhere {
		fmt.Fprintf(out, "note     endpoint/%s delivers to %s. Delete it at Stripe if that was this service's address.\n", e.ID, e.URL)
	}
	if r.Clerk != nil && !c.Check {
		r.Clerk.write(out)
	}
	if !c.Check {
		fmt.Fprintf(out, "\nAudit log: %s.\n", r.Recorded)
	}
	return nil
}
