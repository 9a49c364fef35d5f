package main

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// reasoned is for commands that the audit log records.
type reasoned struct {
	Reason string `help:"Why, for the audit log: one line without e-mail addresses." placeholder:"TEXT" example:"\"ticket 42\""`
}

// Validate is called by kong. It rejects a reason that the service would reject.
func (r reasoned) Validate() error {
	if err := lockstep.CheckReason(r.Reason); err != nil {
		return fmt.Errorf("--reason: %w", err)
	}
	return nil
}

// operating is for commands that change something in the running service.
type operating struct {
	remote
	reasoned
}

// call sends a request with the reason, and decodes the answer.
func (o operating) call(ctx context.Context, in *surroundings, method, path string, body, out any) error {
	return o.send(ctx, in, message{method, path, body, o.Reason}, out)
}
