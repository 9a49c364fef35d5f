package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// consoleCommand creates a link to the console.
type consoleCommand struct {
	operating
	Name string `help:"Who the link is for, as the audit log names them: letters, digits and ._- (default: the user of this machine)." placeholder:"NAME" example:"anna"`
	Role string `help:"What they may do: operator, or viewer for reading only." enum:"operator,viewer" default:"operator"`
	JSON bool   `help:"Print the link as JSON."`
}

// Run prints the link alone, so that a script can open it.
func (c *consoleCommand) Run(ctx context.Context, in *surroundings) error {
	name := first(c.Name, localName(in))
	var link struct {
		Path      string    `json:"path,omitempty"`
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := c.call(ctx, in, http.MethodPost, "/v1/console/links", map[string]any{"name": name, "role": c.Role},
		&link); err != nil {
		return err
	}
	link.URL, link.Path = strings.TrimRight(c.remote.URL, "/")+link.Path, ""
	if c.JSON {
		return json.NewEncoder(in.stdout).Encode(link)
	}
	fmt.Fprintln(in.stdout, link.URL)
	fmt.Fprintf(os.Stderr, "Open it within 10 minutes. It signs in %s as %s, once.\n", name, c.Role)
	return nil
}

// offerConsole prints a link if a person starts the service in a terminal. A log must not have links.
func offerConsole(ctx context.Context, s *server.Server, in *surroundings, base string) {
	out, is := in.stdout.(*os.File)
	if !is || !isatty.IsTerminal(out.Fd()) {
		return
	}
	link, err := consoleLink(ctx, s, in, base)
	switch {
	case err == nil:
		fmt.Fprintf(out, "Open the console within 10 minutes, once: %s\n", link)
	case !errors.Is(err, server.ErrConsoleOff):
		in.log.Warn("no link to the console; create one with lockstep console", "error", err)
	}
}

// consoleLink returns a link for the user of this machine.
func consoleLink(ctx context.Context, s *server.Server, in *surroundings, base string) (string, error) {
	path, err := s.ConsoleLink(ctx, localName(in), lockstep.ConsoleOperator)
	return base + path, err
}

// localName is the user of this machine, if the audit log can name them so.
func localName(in *surroundings) string {
	if name := in.getenv("USER"); lockstep.CheckAPIKeyName(name) == nil {
		return name
	}
	return "operator"
}

// consoleRoles parses the grants of the console.
func (s serviceSettings) consoleRoles(c *server.Config) error {
	var problems []error
	for _, text := range s.ConsoleRoles {
		grant, err := lockstep.ParseConsoleGrant(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("console_roles: %w", err))
			continue
		}
		c.Console.Grants = append(c.Console.Grants, grant)
	}
	return errors.Join(problems...)
}
