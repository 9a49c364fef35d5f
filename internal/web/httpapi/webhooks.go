package httpapi

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// Webhook is an endpoint that is configured.
type Webhook struct {
	ID     string
	Origin string // of its URL
	Events []string
}

type webhookView struct {
	ID           string     `json:"id"`
	Origin       string     `json:"origin" doc:"Of its URL"`
	Events       []string   `json:"events" doc:"* is all"`
	FailingSince *time.Time `json:"failing_since,omitempty" doc:"Since when it has taken nothing"`
	DisabledAt   *time.Time `json:"disabled_at,omitempty" doc:"Nothing is sent to it until it is enabled"`
	Reason       string     `json:"reason,omitempty" doc:"Why it is disabled"`
}

type deliveryView struct {
	Subject   string    `json:"subject" doc:"A notice by its id, or access:user/…"`
	State     string    `json:"state" enum:"pending,delivered,undelivered,held"`
	Status    int       `json:"status,omitempty" doc:"Of the last answer, of what was not taken; absent where there was none"`
	Reason    string    `json:"reason,omitempty"`
	Attempts  int       `json:"attempts"`
	UpdatedAt time.Time `json:"updated_at"`
}

type webhooksOutput struct {
	Body struct {
		Data []webhookView `json:"data"`
	}
}

func (a *API) webhooks(ctx context.Context, _ *struct{}) (*webhooksOutput, error) {
	out := &webhooksOutput{}
	out.Body.Data = []webhookView{}
	for _, w := range a.Webhooks {
		e, err := a.Store.WebhookEndpoint(ctx, w.ID)
		if err != nil {
			return nil, a.problem(ctx, "read webhook endpoint", err)
		}
		out.Body.Data = append(out.Body.Data, webhookView{w.ID, w.Origin, w.Events, orNil(e.FailingSince),
			orNil(e.DisabledAt), e.Reason})
	}
	return out, nil
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

type webhookPath struct {
	ID string `path:"id" maxLength:"40" doc:"Of the endpoint, as configured"`
}

// endpoint refuses an endpoint that is not configured.
func (a *API) endpoint(id string) error {
	if slices.ContainsFunc(a.Webhooks, func(w Webhook) bool { return w.ID == id }) {
		return nil
	}
	return huma.Error404NotFound("no webhook endpoint with this id is configured")
}

type deliveriesOutput struct {
	Body struct {
		Data []deliveryView `json:"data"`
	}
}

func (a *API) deliveries(ctx context.Context, in *struct {
	ID    string `path:"id" maxLength:"40" doc:"Of the endpoint, as configured"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
},
) (*deliveriesOutput, error) {
	if err := a.endpoint(in.ID); err != nil {
		return nil, err
	}
	list, err := a.Store.WebhookDeliveries(ctx, in.ID, in.Limit)
	if err != nil {
		return nil, a.problem(ctx, "read deliveries", err)
	}
	out := &deliveriesOutput{}
	out.Body.Data = []deliveryView{}
	for _, d := range list {
		out.Body.Data = append(out.Body.Data, deliveryView{d.Subject, string(d.State), d.Status, d.Reason, d.Attempts,
			d.UpdatedAt.UTC()})
	}
	return out, nil
}

type redeliverInput struct {
	ID   string `path:"id" maxLength:"40" doc:"Of the endpoint, as configured"`
	Body struct {
		Notice  string `json:"notice,omitempty" maxLength:"255" doc:"The id of a notice; or account"`
		Account string `json:"account,omitempty" example:"user/user_2x" doc:"Whose access is to be told"`
	}
}

// redeliver delivers something once more, with the id that it had.
func (a *API) redeliver(ctx context.Context, in *redeliverInput) (*struct{}, error) {
	if err := a.endpoint(in.ID); err != nil {
		return nil, err
	}
	subject := in.Body.Notice
	switch {
	case (in.Body.Notice == "") == (in.Body.Account == ""):
		return nil, huma.Error422UnprocessableEntity("give either notice or account")
	case in.Body.Account != "":
		account, err := lockstep.ParseAccount(in.Body.Account)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		if _, err := a.Store.AccessNotification(ctx, account); errors.Is(err, lockstep.ErrNotFound) {
			return nil, huma.Error404NotFound("nothing was ever to be told of this account; POST /v1/accounts/…/sync has it looked at")
		} else if err != nil {
			return nil, a.problem(ctx, "read what was told", err)
		}
		subject = lockstep.AccessSubject(account)
	default:
		if _, err := a.Store.Notice(ctx, subject); err != nil {
			return nil, a.problem(ctx, "read notice", err)
		}
	}
	if err := a.Store.Redeliver(ctx, in.ID, subject); err != nil {
		return nil, a.problem(ctx, "redeliver", err)
	}
	a.Wake()
	return nil, nil
}

type enableOutput struct {
	Body struct {
		Redelivered int `json:"redelivered" doc:"How much is sent now that it missed"`
	}
}

// enableWebhook enables an endpoint; what it missed is sent.
func (a *API) enableWebhook(ctx context.Context, in *webhookPath) (*enableOutput, error) {
	if err := a.endpoint(in.ID); err != nil {
		return nil, err
	}
	missed, err := a.Store.EnableWebhookEndpoint(ctx, in.ID)
	if err != nil {
		return nil, a.problem(ctx, "enable webhook endpoint", err)
	}
	a.Wake()
	out := &enableOutput{}
	out.Body.Redelivered = missed
	return out, nil
}
