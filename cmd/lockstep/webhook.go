package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep/server"
)

// webhookSettings is a [[webhook]] in lockstep.toml: an endpoint of the operator's app.
type webhookSettings struct {
	ID           string   `toml:"id" default:"required" doc:"A short name of letters, digits, - and _"`
	URL          string   `toml:"url" default:"required" doc:"Where to send; https, and a public address" mask:"path"`
	Events       []string `toml:"events" default:"all" doc:"The kinds of event to send"`
	AllowPrivate bool     `toml:"allow_private" default:"false" doc:"Allow private addresses and plain http"`
}

// outgoing is the secret of an endpoint: its own, or the shared one.
func (w webhookSettings) outgoing() secret {
	own := webhookSecret.names[0] + "_" + strings.ToUpper(strings.ReplaceAll(w.ID, "-", "_"))
	return secret{names: []string{own, webhookSecret.names[0]}, get: webhookSecret.get}
}

// webhooks copies the endpoints of the file into a server's configuration, each with its secrets from the
// environment.
func (f file) webhooks(c *server.Config, getenv func(string) string) error {
	var problems []error
	for _, w := range f.Webhooks {
		if w.ID == "" {
			problems = append(problems, fmt.Errorf("webhook.id: it is missing for %q; choose a short name", w.URL))
			continue
		}
		secrets, err := w.outgoing().list(getenv)
		if err != nil {
			problems = append(problems, fmt.Errorf("webhook.id %q: %w", w.ID, err))
			continue
		}
		c.Webhooks = append(c.Webhooks, server.Webhook{ID: w.ID, URL: w.URL, Events: w.Events, Secrets: secrets,
			AllowPrivate: w.AllowPrivate})
	}
	return errors.Join(problems...)
}
