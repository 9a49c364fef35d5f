package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/explain"
)

func (a *API) explainRoutes(api huma.API) {
	s := section{api, "Operating", a}
	add(s, route{"explain-account", http.MethodGet, "/v1/accounts/{kind}/{id}/explanation", readers, 0,
		"Explain why an account has the access that it has, what happened, and what happens next"}, a.explainAccount)
	add(s, route{"explain", http.MethodGet, "/v1/explanation", readers, 0,
		"Explain the account of a customer or a payment, or what an id names"}, a.explain)
}

// zoneOf returns the UTC offset in which sentences give times, as a zone.
func zoneOf(offset string) (*time.Location, error) {
	at, err := time.Parse("-07:00", offset)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("offset: " + offset + " is not a UTC offset; for example +02:00")
	}
	_, seconds := at.Zone()
	return time.FixedZone("", seconds), nil
}

type explanationOutput struct{ Body explain.Explanation }

func (a *API) explainAccount(ctx context.Context, in *struct {
	Kind   string `path:"kind" enum:"user,organization" doc:"Kind of the account"`
	ID     string `path:"id" maxLength:"128" doc:"The directory's id of it, user_… or org_…"`
	Offset string `query:"offset" pattern:"^[+-][0-9]{2}:[0-9]{2}$" default:"+00:00" doc:"The UTC offset in which sentences give times; send + as %2B"`
},
) (*explanationOutput, error) {
	account, err := accountPath{in.Kind, in.ID}.account(ctx)
	if err != nil {
		return nil, err
	}
	return a.explained(ctx, account.String(), in.Offset)
}

func (a *API) explain(ctx context.Context, in *struct {
	Of     string `query:"of" required:"true" minLength:"1" maxLength:"255" example:"cus_x" doc:"An account (user/user_2x), its bare id, a customer (cus_…), a checkout session (cs_…) or a payment (pi_…)"`
	Offset string `query:"offset" pattern:"^[+-][0-9]{2}:[0-9]{2}$" default:"+00:00" doc:"The UTC offset in which sentences give times; send + as %2B"`
},
) (*explanationOutput, error) {
	return a.explained(ctx, in.Of, in.Offset)
}

// explained explains what a text names.
func (a *API) explained(ctx context.Context, of, offset string) (*explanationOutput, error) {
	zone, err := zoneOf(offset)
	if err != nil {
		return nil, err
	}
	explainer := explain.Explainer{Store: a.Store, Catalog: a.Catalog}
	x, err := explainer.Of(ctx, of, zone)
	var unknown *explain.NotFoundError
	var wrong *explain.AskError
	switch {
	case errors.As(err, &unknown):
		return nil, huma.Error404NotFound(err.Error())
	case errors.As(err, &wrong):
		return nil, huma.Error422UnprocessableEntity(err.Error())
	case errors.Is(err, lockstep.ErrNotFound):
		return nil, huma.Error404NotFound(of + " not found")
	case err != nil:
		return nil, a.problem(ctx, "explain", err)
	}
	return &explanationOutput{x}, nil
}
