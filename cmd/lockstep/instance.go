package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// instanceCommand moves the business to another Clerk instance.
type instanceCommand struct {
	Show   showInstance   `cmd:"" help:"Show the Clerk instance and the Stripe mode of the database and of the keys."`
	Accept acceptInstance `cmd:"" help:"Accept the Clerk instance of the key, if the business moved there. Accounts are carried over by external_id."`
}

// instances is the API's answer.
type instances struct {
	Instances []struct{ Provider, Accepted, Key, Problem, Advice string }
	Former    []struct{ Account, Customer string }
	More      bool
}

type showInstance struct {
	remote
	JSON bool `help:"Print the answer of GET /v1/instance as a JSON object on a line."`
}

// Run prints a line for each provider and for each account without a successor.
func (c *showInstance) Run(ctx context.Context, in *surroundings) error {
	var answer json.RawMessage
	if err := c.get(ctx, in, "/v1/instance", &answer); err != nil {
		return err
	}
	if c.JSON {
		return printLines(in, []json.RawMessage{answer})
	}
	var shown instances
	if err := json.Unmarshal(answer, &shown); err != nil {
		return err
	}
	for _, i := range shown.Instances {
		if i.Problem == "" {
			fmt.Fprintf(in.stdout, "%s\t%s\tok\n", i.Provider, i.Accepted)
			continue
		}
		fmt.Fprintf(in.stdout, "%s\t%s\tpaused: %s\n", i.Provider, i.Accepted, printable(i.Problem))
		if i.Advice != "" {
			fmt.Fprintf(in.stdout, "  %s\n", printable(i.Advice))
		}
	}
	for _, f := range shown.Former {
		fmt.Fprintf(in.stdout, "%s\t%s\tno successor\n", f.Account, f.Customer)
	}
	if shown.More {
		fmt.Fprintln(in.stdout, "The list is not complete.")
	}
	if len(shown.Former) > 0 {
		fmt.Fprintln(in.stdout, "To carry one over: lockstep link FORMER_ACCOUNT ACCOUNT")
	}
	return nil
}

type acceptInstance struct {
	operating
	ID string `arg:"" help:"The Clerk instance (ins_…) that lockstep instance show prints."`
}

// Run accepts the instance.
func (c *acceptInstance) Run(ctx context.Context, in *surroundings) error {
	err := c.call(ctx, in, http.MethodPost, "/v1/instance/accept", map[string]any{"id": c.ID}, nil)
	if err == nil {
		fmt.Fprintf(in.stdout, "Accepted %s. Accounts are being carried over by external_id; to list those without a successor: lockstep instance show\n", c.ID)
	}
	return err
}
