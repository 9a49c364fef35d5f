package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthCommand asks the running service whether it is ready. A container image without a shell and curl
// needs it for its health check.
type healthCommand struct {
	URL  string `help:"URL of the running service (default: where LOCKSTEP_ADDR listens)." env:"LOCKSTEP_URL" placeholder:"URL" example:"http://127.0.0.1:8080"`
	JSON bool   `help:"Print the answer of GET /healthz as a JSON object on a line."`
}

// Help is shown by health --help.
func (*healthCommand) Help() string {
	return "Ends with status 0 if the service answers and can write its database. Needs no key. For the health check of a container, for scripts that wait for a start, and for monitoring."
}

// healthWithin is how long the service may take. Its own check of the database takes at most 3 seconds.
const healthWithin = 4 * time.Second

// Run prints the status and the version.
func (c *healthCommand) Run(ctx context.Context, in *surroundings) error {
	service := remote{URL: first(c.URL, serviceURL(first(in.getenv("LOCKSTEP_ADDR"), defaultAddr)))}
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	request, err := service.request(ctx, http.MethodGet, "/healthz", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return fmt.Errorf("no service answers at %s: %w", service.URL, errors.Unwrap(err))
	}
	defer func() { _ = response.Body.Close() }() // it was read completely, or is not needed
	if response.StatusCode != http.StatusOK {
		return service.refusal(response)
	}
	var text json.RawMessage
	var answer healthAnswer
	err = json.NewDecoder(response.Body).Decode(&text)
	if err != nil || json.Unmarshal(text, &answer) != nil || answer.Status == "" {
		return fmt.Errorf("--url (or LOCKSTEP_URL): something else than Lockstep answers at %s", service.URL)
	}
	if c.JSON {
		return printLines(in, []json.RawMessage{text})
	}
	answer.print(in)
	return nil
}

// healthAnswer is what the command prints of the API's answer.
type healthAnswer struct {
	Status  string
	Build   struct{ Version string }
	Reasons []struct{ Code, Detail string }
}

// print prints the status, and a line for each reason why the service needs attention.
func (a healthAnswer) print(in *surroundings) {
	fmt.Fprintln(in.stdout, printable(a.Status+", version "+a.Build.Version))
	for _, r := range a.Reasons {
		fmt.Fprintln(in.stdout, printable("  "+r.Code+": "+r.Detail))
	}
}

// serviceURL returns the URL of a service that listens at addr on this machine.
func serviceURL(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr // its error will name it
	}
	if ip := net.ParseIP(strings.Trim(host, "[]")); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
