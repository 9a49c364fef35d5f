package state

import (
	"slices"
	"time"
)

// Endpoint is a webhook endpoint.
type Endpoint struct {
	ID          string            `json:"id"`
	Created     time.Time         `json:"created"`
	URL         string            `json:"url"`
	Events      []string          `json:"enabled_events"`
	Version     string            `json:"api_version"` // that events are sent in; "" is the account's
	Secrets     []string          `json:"secrets"`     // several while one is rolled
	Description string            `json:"description"`
	Metadata    map[string]string `json:"metadata"`
	Disabled    bool              `json:"disabled"`
	Rolled      []RolledSecret    `json:"rolled_secrets,omitempty"` // that still sign for a while
	Configured  bool              `json:"configured"`               // given by the simulator's configuration
}

// Key is the id.
func (e *Endpoint) Key() string { return e.ID }

// RolledSecret is a secret that another one has replaced.
type RolledSecret struct {
	Secret string    `json:"secret"`
	Until  time.Time `json:"until"` // on time.Now's scale, as signatures are
}

// Signing returns all secrets that sign at a time, the current ones first.
func (e *Endpoint) Signing(now time.Time) []string {
	secrets := slices.Clone(e.Secrets)
	for _, old := range e.Rolled {
		if now.Before(old.Until) {
			secrets = append(secrets, old.Secret)
		}
	}
	return secrets
}
