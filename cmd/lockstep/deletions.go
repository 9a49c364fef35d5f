package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// deletionsCommand is for the operator whom the brake on deletions has called.
type deletionsCommand struct {
	List    listDeletions    `cmd:"" help:"What the brake holds."`
	Approve approveDeletions `cmd:"" help:"Delete after all, as the policy says."`
	Discard discardDeletions `cmd:"" help:"Do not delete: the billing goes on."`
}

type listDeletions struct {
	remote
	State string `help:"begun, held, approved or discarded." enum:"begun,held,approved,discarded" default:"held"`
}

// Run prints a line for each.
func (c *listDeletions) Run(ctx context.Context, in *surroundings) error {
	var list struct {
		Data []struct{ Account, State, At string }
	}
	if err := c.call(ctx, in, http.MethodGet, "/v1/deletions?limit=1000&state="+c.State, nil, &list); err != nil {
		return err
	}
	for _, d := range list.Data {
		fmt.Fprintf(in.stdout, "%s\t%s\t%s\n", d.Account, d.State, d.At)
	}
	if len(list.Data) == 0 {
		fmt.Fprintf(in.stdout, "no deletion is %s\n", c.State)
	}
	return nil
}

// decision is what approve and discard have in common.
type decision struct {
	remote
	All      bool     `help:"All that are held."`
	Accounts []string `arg:"" optional:"" help:"As user/user_2x…; or --all."`
}

type approveDeletions struct{ decision }

type discardDeletions struct{ decision }

// Run approves.
func (c *approveDeletions) Run(ctx context.Context, in *surroundings) error {
	return c.decide(ctx, in, "approve")
}

// Run discards.
func (c *discardDeletions) Run(ctx context.Context, in *surroundings) error {
	return c.decide(ctx, in, "discard")
}

func (d decision) decide(ctx context.Context, in *surroundings, what string) error {
	if d.All == (len(d.Accounts) > 0) {
		return errors.New("name the accounts, or say --all.\n  What is held: lockstep deletions list")
	}
	var decided struct{ Accounts []string }
	body := map[string]any{"accounts": d.Accounts}
	if d.All {
		body = map[string]any{"all": true}
	}
	if err := d.call(ctx, in, http.MethodPost, "/v1/deletions/"+what, body, &decided); err != nil {
		return err
	}
	fmt.Fprintf(in.stdout, "%s: %d accounts\n", what, len(decided.Accounts))
	return nil
}
