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
	Version     string            `json:"api_version"` // version of the events it gets; "" for the account's
	Secrets     []string          `json:"secrets"`     // more than one after a roll
	Description string            `json:"description"`
	Metadata    map[string]string `json:"metadata"`
	Disabled    bool              `json:"disabled"`
	Rolled      []RolledSecret    `json:"rolled_secrets,omitempty"` // old secrets that still sign for a while
	Configured  bool              `json:"configured"`               // from the simulator's configuration
}

// Key is the id.
func (e *Endpoint) Key() string { return e.ID }

// RolledSecret is a signing secret that was replaced.
type RolledSecret struct {
	Secret string    `json:"secret"`
	Until  time.Time `json:"until"` // by time.Now, like signatures
}

// Signing returns every secret that signs at a time, current ones first.
func (e *Endpoint) Signing(now time.Time) []string {
	secrets := slices.Clone(e.Secrets)
	for _, old := range e.Rolled {
		if now.Before(old.Until) {
			secrets = append(secrets, old.Secret)
		}
	}
	return secrets
}
