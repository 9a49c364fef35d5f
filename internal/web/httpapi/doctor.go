package httpapi

import (
	"context"

	"github.com/lockstep-dev/lockstep"
)

type doctorOutput struct {
	Body lockstep.Diagnosis
}

// diagnose checks the installation. It asks the providers, the mail server and the endpoints, and changes
// nothing.
func (a *API) diagnose(ctx context.Context, _ *struct{}) (*doctorOutput, error) {
	found, err := a.Operations.Diagnose(ctx)
	if err != nil {
		return nil, a.problem(ctx, "check the installation", err)
	}
	return &doctorOutput{found}, nil
}
