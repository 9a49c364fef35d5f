package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// keysCommand manages the API keys of the running service.
type keysCommand struct {
	Create createKey `cmd:"" help:"Create a key and print its secret, once."`
	List   listKeys  `cmd:"" help:"List the valid keys."`
	Revoke revokeKey `cmd:"" help:"Revoke a key, at once and forever."`
}

// apiKeyView is a key in the API's answers.
type apiKeyView struct {
	Name        string     `json:"name"`
	Scopes      []string   `json:"scopes"`
	Environment bool       `json:"environment,omitempty"`
	CreatedAt   *time.Time `json:"created_at,omitempty"`
	UsedAt      *time.Time `json:"used_at,omitempty"`
	RevokedAt   *time.Time `json:"revoked_at,omitempty"`
	Key         string     `json:"key,omitempty"`
}

type createKey struct {
	operating
	Name  string   `arg:"" help:"A name for lists and the audit log: letters, digits and ._-."`
	Scope []string `help:"What the key may do: read, check, checkout, operate or metrics. Separate several with commas, or repeat the flag." required:"" placeholder:"SCOPE" example:"check,checkout"`
	JSON  bool     `help:"Print the key as JSON."`
}

// Run prints the secret alone, so that a script can store it.
func (c *createKey) Run(ctx context.Context, in *surroundings) error {
	if _, err := lockstep.ParseAPIScopes(c.Scope...); err != nil {
		return wrongUsage("--scope: %w", err)
	}
	var created apiKeyView
	if err := c.call(ctx, in, http.MethodPost, "/v1/keys", map[string]any{"name": c.Name, "scopes": c.Scope},
		&created); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(in.stdout).Encode(created)
	}
	fmt.Fprintln(in.stdout, created.Key)
	fmt.Fprintf(os.Stderr, "Created %s (%s). Store the key now: Lockstep cannot show it again.\n", created.Name,
		strings.Join(created.Scopes, ","))
	return nil
}

type listKeys struct {
	remote
	Revoked bool `help:"List the keys that were revoked last instead."`
	JSON    bool `help:"Print a JSON object for each key, one per line."`
}

// Run prints a line for each key.
func (c *listKeys) Run(ctx context.Context, in *surroundings) error {
	var list struct{ Data []apiKeyView }
	path := "/v1/keys"
	if c.Revoked {
		path += "?revoked=true"
	}
	if err := c.get(ctx, in, path, &list); err != nil {
		return err
	}
	if c.JSON {
		return printLines(in, list.Data)
	}
	if len(list.Data) == 0 {
		fmt.Fprintln(in.stdout, "No keys.")
		return nil
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "name\tscopes\tcreated\tlast used\trevoked")
	for _, k := range list.Data {
		created, used := shortDate(k.CreatedAt, "-"), shortDate(k.UsedAt, "never")
		if k.Environment {
			created, used = "LOCKSTEP_API_KEY", "not recorded"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", k.Name, strings.Join(k.Scopes, ","), created, used, shortDate(k.RevokedAt, "-"))
	}
	return out.Flush()
}

type revokeKey struct {
	operating
	Name string `arg:"" help:"The key's name."`
	JSON bool   `help:"Print the key as JSON."`
}

// Run revokes the key.
func (c *revokeKey) Run(ctx context.Context, in *surroundings) error {
	var revoked apiKeyView
	if err := c.call(ctx, in, http.MethodDelete, "/v1/keys/"+url.PathEscape(c.Name), nil, &revoked); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(in.stdout).Encode(revoked)
	}
	fmt.Fprintf(in.stdout, "Revoked %s. Other replicas refuse it within two seconds.\n", revoked.Name)
	return nil
}

// printLines prints values as JSON, one per line.
func printLines[T any](in *surroundings, values []T) error {
	out := json.NewEncoder(in.stdout)
	for _, v := range values {
		if err := out.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

// shortDate formats a time to the minute.
func shortDate(t *time.Time, absent string) string {
	if t == nil {
		return absent
	}
	return t.UTC().Format("2006-01-02 15:04")
}
