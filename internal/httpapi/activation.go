package httpapi

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep/internal/activation"
)

type activationOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         activation.Activation
}

// activation says how far a purchase is, to whoever has its session's id.
func (a *API) activation(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"255" doc:"Of the checkout session"`
},
) (*activationOutput, error) {
	now, err := a.Activations.Of(ctx, in.ID)
	switch {
	case errors.Is(err, activation.ErrUnknown):
		return nil, huma.Error404NotFound("there is no such checkout")
	case errors.Is(err, activation.ErrBusy):
		return nil, huma.Error503ServiceUnavailable("too many ask at the moment; ask again")
	case err != nil:
		return nil, a.problem(ctx, "look at an activation", err)
	}
	return &activationOutput{CacheControl: "no-store", Body: now}, nil
}
