package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// deletionsCommand reviews deletions that wait for an operator.
type deletionsCommand struct {
	List    listDeletions    `cmd:"" help:"List deletions that the brake holds or Stripe refused."`
	Approve approveDeletions `cmd:"" help:"Delete as the deletion policy says, or retry what Stripe refused."`
	Discard discardDeletions `cmd:"" help:"Do not delete; billing and access continue."`
}

type listDeletions struct {
	remote
	State string `help:"Which to list: begun, held, approved, discarded, refused, or open (held and refused)." enum:"open,begun,held,approved,discarded,refused" default:"open"`
	JSON  bool   `help:"Print each deletion as a JSON object on a line."`
}

// deletion is a deletion that the API lists.
type deletion struct {
	Account string `json:"account"`
	State   string `json:"state"`
	At      string `json:"at"`
}

// Run prints a line for each deletion.
func (c *listDeletions) Run(ctx context.Context, in *surroundings) error {
	states := []string{c.State}
	if c.State == "open" {
		states = []string{"held", "refused"}
	}
	listed := 0
	for _, state := range states {
		var list struct {
			Data []deletion `json:"data"`
		}
		if err := c.get(ctx, in, "/v1/deletions?limit=1000&state="+state, &list); err != nil {
			return err
		}
		listed += len(list.Data)
		if c.JSON {
			if err := printLines(in, list.Data); err != nil {
				return err
			}
			continue
		}
		for _, d := range list.Data {
			fmt.Fprintln(in.stdout, row(d.Account, d.State, d.At))
		}
	}
	if listed == 0 && !c.JSON {
		fmt.Fprintf(in.stdout, "No deletion is %s.\n", strings.Join(states, " or "))
	}
	return nil
}

// decision holds the arguments of approve and discard.
type decision struct {
	operating
	All      bool     `help:"Decide all held deletions."`
	Accounts []string `arg:"" optional:"" help:"The accounts, for example user/user_2x…; or --all."`
}

type approveDeletions struct{ decision }

type discardDeletions struct{ decision }

// Run approves deletions.
func (c *approveDeletions) Run(ctx context.Context, in *surroundings) error {
	return c.decide(ctx, in, "approve")
}

// Run discards deletions.
func (c *discardDeletions) Run(ctx context.Context, in *surroundings) error {
	return c.decide(ctx, in, "discard")
}

// decisions maps the API's name of a decision to what to print.
var decisions = map[string]string{"approve": "approved: its deletion continues",
	"discard": "discarded: its billing and access continue"}

func (d decision) decide(ctx context.Context, in *surroundings, what string) error {
	if d.All == (len(d.Accounts) > 0) {
		return wrongUsage("name the accounts, or add --all; to list them: lockstep deletions list")
	}
	var decided struct{ Accounts []string }
	body := map[string]any{"accounts": d.Accounts}
	if d.All {
		body = map[string]any{"all": true}
	}
	if err := d.call(ctx, in, http.MethodPost, "/v1/deletions/"+what, body, &decided); err != nil {
		return err
	}
	if len(decided.Accounts) == 0 {
		fmt.Fprintln(in.stdout, "No deletion is held; there is nothing to "+what+".")
	}
	for _, account := range decided.Accounts {
		fmt.Fprintln(in.stdout, row(account, decisions[what]))
	}
	return nil
}
