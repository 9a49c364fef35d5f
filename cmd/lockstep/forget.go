package main

import (
	"context"
	"fmt"
	"net/http"
)

// forgetCommand forgets a deleted account's personal data at once.
type forgetCommand struct {
	remote
	Account string `arg:"" help:"As user/user_2x…; it must be deleted."`
}

// Run forgets.
func (c *forgetCommand) Run(ctx context.Context, in *surroundings) error {
	var forgotten struct{ Events int64 }
	err := c.call(ctx, in, http.MethodPost, "/v1/accounts/"+c.Account+"/forget", nil, &forgotten)
	if err == nil {
		fmt.Fprintf(in.stdout, "%s is forgotten: the bodies of %d events\n", c.Account, forgotten.Events)
	}
	return err
}
