package httpapi

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep/internal/web/activation"
)

type activationOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         activation.Activation
}

// activation answers the state of a purchase. Knowing the session's id is the permission.
func (a *API) activation(ctx context.Context, in *struct {
	ID    string `path:"id" maxLength:"255" doc:"Id of the checkout session"`
	Token string `query:"lockstep_token" maxLength:"255" doc:"The parameter that Lockstep added to success_url; requests with it are served first"`
},
) (*activationOutput, error) {
	now, err := a.Buying.Activations.Of(ctx, in.ID, in.Token)
	switch {
	case errors.Is(err, activation.ErrUnknown):
		return nil, huma.Error404NotFound("checkout not found")
	case errors.Is(err, activation.ErrBusy):
		return nil, later(2*time.Second, "too many requests at the moment")
	case err != nil:
		return nil, a.problem(ctx, "read activation", err)
	}
	return &activationOutput{CacheControl: "no-store", Body: now}, nil
}

const streamPath = "/v1/activations/{id}/events"

// streamOperation describes the event stream, which the framework does not serve.
func streamOperation(api huma.API) *huma.Operation {
	refused := func(status int) *huma.Response {
		return &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[huma.ErrorModel](),
				true, "")}}}
	}
	return &huma.Operation{OperationID: "follow-activation", Method: http.MethodGet, Path: streamPath,
		Tags:    []string{"Buying"},
		Summary: "Follow the state of a purchase as server-sent events: one \"state\" event for each change, until it is final",
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Description: "Id of the checkout session",
			Schema: &huma.Schema{Type: huma.TypeString}},
			{Name: activation.TokenParameter, In: "query", Description: "The parameter that Lockstep added to success_url",
				Schema: &huma.Schema{Type: huma.TypeString}}},
		Responses: map[string]*huma.Response{
			"200": {Description: "The data of each event is what the same path without /events returns",
				Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}},
			"404": refused(http.StatusNotFound),
			"429": refused(http.StatusTooManyRequests),
			"503": refused(http.StatusServiceUnavailable),
		}}
}
