package setup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/stripebilling"
)

// Found is what the Stripe account has.
type Found struct {
	Endpoints []stripebilling.WebhookEndpoint // newest first
	Portals   []stripebilling.PortalConfiguration
}

// Choice is what the operator asks for.
type Choice struct {
	Yes  bool   // consent to disable and delete
	Roll bool   // replace the endpoint, for a new secret
	Keep string // the endpoint whose secret the service uses; empty: not said
}

// Finding is a difference between what the account has and what the service needs.
type Finding struct {
	Subject string `json:"subject"` // endpoint, endpoint/we_…, portal
	Problem string `json:"problem"`
	Fix     string `json:"fix"` // what the operator does about it, or what setup did
	Fixed   bool   `json:"fixed"`
	Next    bool   `json:"next,omitempty"` // it follows from a change that this run made: the operator goes on

	change change
}

// kind is what a change does.
type kind int

const (
	nothing kind = iota // the operator must act
	create              // an endpoint
	update              // its events, or enable it
	disable             // an endpoint
	remove              // an endpoint
	portal              // create a configuration
)

// change is how Apply ends a difference.
type change struct {
	kind    kind
	id      string                              // of the endpoint; of the old one, if create makes a replacement
	to      stripebilling.WebhookEndpointChange // of update
	consent bool                                // it needs Choice.Yes
	prove   *stripebilling.WebhookEndpoint      // the service must prove that it accepts this endpoint's secret
}

// Changes reports whether Apply would change anything at Stripe.
func Changes(findings []Finding, c Choice) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.change.allowed(c) })
}

func (c change) allowed(choice Choice) bool { return c.kind != nothing && (!c.consent || choice.Yes) }

// Compare lists the differences. It is a pure function.
func Compare(w Wanted, f Found, c Choice) []Finding {
	return append(compareEndpoints(w, f.at(w.URL), c), comparePortal(w, f.Portals)...)
}

// at returns the endpoints with a URL, newest first.
func (f Found) at(url string) (ours []stripebilling.WebhookEndpoint) {
	for _, e := range f.Endpoints {
		if sameURL(e.URL, url) {
			ours = append(ours, e)
		}
	}
	return ours
}

// Delivers reports whether an endpoint has the wanted URL.
func (f Found) Delivers(w Wanted, id string) bool {
	return slices.ContainsFunc(f.at(w.URL), func(e stripebilling.WebhookEndpoint) bool { return e.ID == id })
}

// Elsewhere returns the enabled endpoints whose URL ends in a path, but is not the wanted one.
func (f Found) Elsewhere(w Wanted, path string) (others []stripebilling.WebhookEndpoint) {
	for _, e := range f.Endpoints {
		if e.Enabled && strings.HasSuffix(e.URL, path) && !sameURL(e.URL, w.URL) {
			others = append(others, e)
		}
	}
	return others
}

func compareEndpoints(w Wanted, ours []stripebilling.WebhookEndpoint, c Choice) []Finding {
	if len(ours) == 0 {
		return []Finding{{Subject: "endpoint", Problem: "Stripe has no webhook endpoint for " + w.URL,
			Fix: "lockstep setup creates it", change: change{kind: create}}}
	}
	if fresh, old, rolling := replacement(ours); rolling {
		return compareReplacement(w, fresh, old, c)
	}
	if i := slices.IndexFunc(ours, func(e stripebilling.WebhookEndpoint) bool { return e.ID == c.Keep }); i >= 0 &&
		w.lacks(ours[i], ours) {
		return []Finding{{Subject: "endpoint/" + c.Keep,
			Problem: "--keep names it, but STRIPE_WEBHOOK_SECRET does not contain its secret, so the service refuses its deliveries",
			Fix:     "set its secret (Stripe Dashboard > Developers > Webhooks > the endpoint) and restart the service, or keep another one"}}
	}
	current, sure := choose(w, ours, c.Keep)
	if !sure {
		return []Finding{ambiguous(ours)}
	}
	found := compareCurrent(w, current, c.Roll)
	for _, e := range ours {
		if e.ID == current.ID || !e.Enabled {
			continue
		}
		extra := change{kind: disable, id: e.ID, consent: true}
		if w.knows(current) {
			extra.prove = &current
		}
		found = append(found, Finding{Subject: "endpoint/" + e.ID,
			Problem: "it delivers every event to " + w.URL + " a second time; the service uses " + current.ID,
			Fix:     "lockstep setup --yes disables it", change: extra})
	}
	return found
}

// choose returns the endpoint whose secret the service uses. sure is false if that could be several.
func choose(w Wanted, ours []stripebilling.WebhookEndpoint,
	keep string) (current stripebilling.WebhookEndpoint, sure bool) {
	for _, is := range []func(stripebilling.WebhookEndpoint) bool{
		func(e stripebilling.WebhookEndpoint) bool { return e.ID == keep }, w.knows} {
		if i := slices.IndexFunc(ours, is); i >= 0 {
			return ours[i], true
		}
	}
	enabled := slices.DeleteFunc(slices.Clone(ours), func(e stripebilling.WebhookEndpoint) bool { return !e.Enabled })
	if len(enabled) == 0 {
		enabled = ours
	}
	return enabled[0], len(enabled) == 1
}

func ambiguous(ours []stripebilling.WebhookEndpoint) Finding {
	var ids []string
	for _, e := range ours {
		state := "enabled"
		if !e.Enabled {
			state = "disabled"
		}
		ids = append(ids, fmt.Sprintf("%s (%s, created %s)", e.ID, state, e.CreatedAt.Format("2006-01-02 15:04")))
	}
	return Finding{Subject: "endpoint", Problem: fmt.Sprintf("Stripe has %d webhook endpoints for one URL: %s", len(ours),
		strings.Join(ids, ", ")),
		Fix: "find the one whose signing secret is in STRIPE_WEBHOOK_SECRET (Stripe Dashboard > Developers > Webhooks), then run: lockstep setup --keep we_… --yes"}
}

// compareCurrent compares the endpoint that the service uses.
func compareCurrent(w Wanted, e stripebilling.WebhookEndpoint, roll bool) []Finding {
	found := compareSettings(w, e)
	subject := "endpoint/" + e.ID
	if roll {
		return append(found, Finding{Subject: subject, Problem: "its secret is to be replaced",
			Fix: replaces, change: change{kind: create, id: e.ID}})
	}
	if e.APIVersion != stripebilling.APIVersion {
		found = append(found, Finding{Subject: subject, Problem: fmt.Sprintf("it sends API version %s, want %s; Stripe cannot change that",
			versionName(e.APIVersion), stripebilling.APIVersion),
			Fix: "to replace the endpoint, and its secret with it: lockstep setup --roll-secret"})
	}
	switch {
	case len(w.Secrets) == 0:
		found = append(found, Finding{Subject: subject, Problem: "STRIPE_WEBHOOK_SECRET is not set, so the service refuses its deliveries",
			Fix: "set the secret that setup printed, or copy it from Stripe Dashboard > Developers > Webhooks > the endpoint"})
	case e.Metadata[secretKey] != "" && !w.knows(e):
		found = append(found, Finding{Subject: subject, Problem: "STRIPE_WEBHOOK_SECRET does not contain its secret, so the service refuses its deliveries",
			Fix: "set the secret that setup printed, or copy it from Stripe Dashboard > Developers > Webhooks > the endpoint"})
	}
	return found
}

// compareSettings compares what Stripe can change.
func compareSettings(w Wanted, e stripebilling.WebhookEndpoint) []Finding {
	var problems []string
	to := stripebilling.WebhookEndpointChange{}
	if !e.Enabled {
		problems, to.Enabled = append(problems, "it is disabled"), new(true)
	}
	if lacks, surplus := differ(w.Events(), e.Events); len(lacks)+len(surplus) > 0 {
		to.Events = w.Events()
		if len(lacks) > 0 {
			problems = append(problems, "it does not deliver "+strings.Join(lacks, ", "))
		}
		if len(surplus) > 0 {
			problems = append(problems, "it delivers "+strings.Join(surplus, ", ")+", which the service ignores")
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return []Finding{{Subject: "endpoint/" + e.ID, Problem: strings.Join(problems, "; "),
		Fix: fmt.Sprintf("lockstep setup enables it for exactly %d types of events", len(w.Events())), change: change{kind: update, id: e.ID, to: to}}}
}

// differ returns what is in only one of two lists. "*" delivers everything, and more than wanted.
func differ(want, got []string) (lacks, surplus []string) {
	for _, kind := range want {
		if !slices.Contains(got, kind) && !slices.Contains(got, "*") {
			lacks = append(lacks, kind)
		}
	}
	for _, kind := range got {
		switch {
		case kind == "*":
			surplus = append(surplus, "all types of events")
		case !slices.Contains(want, kind):
			surplus = append(surplus, kind)
		}
	}
	return lacks, surplus
}

func versionName(version string) string {
	if version == "" {
		return "of the account's default"
	}
	return version
}
