package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep/server"
)

// webhookSettings is a [[webhook]] in lockstep.toml: an endpoint of the operator's.
type webhookSettings struct {
	ID           string   `toml:"id"`
	URL          string   `toml:"url"`
	Events       []string `toml:"events"`
	AllowPrivate bool     `toml:"allow_private"`
}

// outgoing is the secret of an endpoint: its own, or the one of all.
func (w webhookSettings) outgoing() secret {
	const all = "LOCKSTEP_WEBHOOK_SECRET"
	own := all + "_" + strings.ToUpper(strings.ReplaceAll(w.ID, "-", "_"))
	return secret{[]string{own, all}, "make one with: echo whsec_$(openssl rand -base64 32)\n  Its receiver verifies with the same"}
}

// webhooks gives a server's configuration the endpoints of the file, each with its
// secrets from the environment.
func (f file) webhooks(c *server.Config, getenv func(string) string) error {
	var problems []error
	for _, w := range f.Webhooks {
		if w.ID == "" {
			problems = append(problems, fmt.Errorf("a [[webhook]] has no id: choose a short name for %q", w.URL))
			continue
		}
		secrets, err := w.outgoing().list(getenv)
		if err != nil {
			problems = append(problems, fmt.Errorf("webhook %q: %w", w.ID, err))
			continue
		}
		c.Webhooks = append(c.Webhooks, server.Webhook{ID: w.ID, URL: w.URL, Events: w.Events, Secrets: secrets,
			AllowPrivate: w.AllowPrivate})
	}
	return errors.Join(problems...)
}
