package main

import (
	"context"
	"fmt"
	"net/http"
)

// forgetCommand erases the stored personal data of a deleted account.
type forgetCommand struct {
	operating
	Account string `arg:"" help:"The deleted account, for example user/user_2x…."`
}

// Run erases the data.
func (c *forgetCommand) Run(ctx context.Context, in *surroundings) error {
	var forgotten struct{ Events int64 }
	err := c.call(ctx, in, http.MethodPost, "/v1/accounts/"+c.Account+"/forget", nil, &forgotten)
	if err == nil {
		fmt.Fprintf(in.stdout, "Erased the personal data of %s, including the bodies of %d events.\n", c.Account, forgotten.Events)
	}
	return err
}
