package main

import (
	"context"
	"fmt"
	"net/http"
)

// linkCommand says whose something is that is parked.
type linkCommand struct {
	remote
	Object  string `arg:"" help:"A customer (cus_…), or the checkout session of a guest's payment (cs_…)."`
	Account string `arg:"" help:"As user/user_2x… or organization/org_9y…."`
}

// Run links.
func (c *linkCommand) Run(ctx context.Context, in *surroundings) error {
	err := c.call(ctx, in, http.MethodPost, "/v1/links", map[string]any{"object": c.Object, "account": c.Account}, nil)
	if err == nil {
		fmt.Fprintf(in.stdout, "%s is to be %s's; what follows: GET /v1/accounts/%s\n", c.Object, c.Account, c.Account)
	}
	return err
}
