package httpapi

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// webhookStore is the part of the store that keeps deliveries to your endpoints.
type webhookStore interface {
	AccessNotification(ctx context.Context, account lockstep.Account) (lockstep.AccessNotification, error)
	WebhookDelivery(ctx context.Context, endpoint, subject string) (lockstep.WebhookDelivery, error)
	WebhookDeliveries(ctx context.Context, endpoint string, filter lockstep.DeliveryFilter) (lockstep.DeliveryPage, error)
	WebhookEndpoint(ctx context.Context, id string) (lockstep.WebhookEndpoint, error)
	Redeliver(ctx context.Context, endpoint, subject string) error
	EnableWebhookEndpoint(ctx context.Context, id string) (int, error)
}

// Webhook is a configured endpoint.
type Webhook struct {
	ID     string
	Origin string // of its URL
	Events []string
}

type webhookView struct {
	ID           string     `json:"id"`
	Origin       string     `json:"origin" doc:"Origin of the URL, without its path"`
	Events       []string   `json:"events" doc:"Kinds of event; * means all"`
	FailingSince *time.Time `json:"failing_since,omitempty" doc:"When it last started to fail"`
	DisabledAt   *time.Time `json:"disabled_at,omitempty" doc:"When it was disabled; nothing is sent until it is enabled again"`
	Reason       string     `json:"reason,omitempty" doc:"Why it was disabled"`
}

type deliveryView struct {
	Subject   string     `json:"subject" doc:"The id of a notice, or access:user/…"`
	State     string     `json:"state" enum:"pending,delivered,undelivered,held"`
	Status    int        `json:"status,omitempty" doc:"HTTP status of the last failed attempt; absent if there was no answer"`
	Reason    string     `json:"reason,omitempty"`
	Attempts  int        `json:"attempts"`
	BeganAt   *time.Time `json:"began_at,omitempty" doc:"Start of the three days of retries"`
	UpdatedAt time.Time  `json:"updated_at"`
	NextTry   *time.Time `json:"next_try_at,omitempty" doc:"When it is tried next; absent if no try is planned"`
}

type webhooksOutput struct {
	Body struct {
		Data []webhookView `json:"data"`
	}
}

func (a *API) webhooks(ctx context.Context, _ *struct{}) (*webhooksOutput, error) {
	out := &webhooksOutput{}
	out.Body.Data = []webhookView{}
	for _, w := range a.Operations.Webhooks {
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
	ID string `path:"id" maxLength:"40" doc:"Id of the endpoint in the configuration"`
}

// endpoint answers 404 for an endpoint that is not configured.
func (a *API) endpoint(id string) error {
	if slices.ContainsFunc(a.Operations.Webhooks, func(w Webhook) bool { return w.ID == id }) {
		return nil
	}
	return huma.Error404NotFound("webhook endpoint " + id + " not found in the configuration")
}

type deliveriesOutput struct {
	Body struct {
		Data []deliveryView `json:"data"`
		Next string         `json:"next,omitempty" doc:"Absent at the end. With a state, a page looks at 1,000 deliveries: it may have fewer than the limit, or none, and still a next"`
	}
}

func (a *API) deliveries(ctx context.Context, in *struct {
	ID     string `path:"id" maxLength:"40" doc:"Id of the endpoint in the configuration"`
	State  string `query:"state" enum:"pending,delivered,undelivered,held," doc:"Only deliveries in this state"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Before string `query:"before" doc:"The value of next of the previous page"`
},
) (*deliveriesOutput, error) {
	if err := a.endpoint(in.ID); err != nil {
		return nil, err
	}
	page, err := a.Store.WebhookDeliveries(ctx, in.ID, lockstep.DeliveryFilter{State: lockstep.WebhookState(in.State),
		Limit: in.Limit, Before: in.Before})
	switch {
	case errors.Is(err, lockstep.ErrInvalid):
		return nil, huma.Error422UnprocessableEntity("before: use the next of a page")
	case err != nil:
		return nil, a.problem(ctx, "read webhook deliveries", err)
	}
	out := &deliveriesOutput{}
	out.Body.Data, out.Body.Next = []deliveryView{}, page.Next
	for _, d := range page.Deliveries {
		out.Body.Data = append(out.Body.Data, deliveryView{d.Subject, string(d.State), d.Status, d.Reason, d.Attempts,
			orNil(d.BeganAt), d.UpdatedAt.UTC(), orNil(d.NextTry)})
	}
	return out, nil
}

type redeliverInput struct {
	ID   string `path:"id" maxLength:"40" doc:"Id of the endpoint in the configuration"`
	Body struct {
		Notice  string `json:"notice,omitempty" maxLength:"255" doc:"Id of a notice; give this or account"`
		Account string `json:"account,omitempty" example:"user/user_2x" doc:"Account whose access to deliver"`
	}
}

// redeliver delivers a notice or an account's access again, under the same id.
func (a *API) redeliver(ctx context.Context, in *redeliverInput, trail *audit.Trail) (*struct{}, error) {
	if err := a.endpoint(in.ID); err != nil {
		return nil, err
	}
	subject, err := a.subject(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := a.Store.Redeliver(ctx, in.ID, subject); err != nil {
		return nil, a.problem(ctx, "redeliver", err)
	}
	trail.Done(in.subjects()[0], nil, audit.Facts{"webhook": in.ID, "delivery": lockstep.WebhookPending})
	a.Wake()
	return nil, nil
}

// subject names what to deliver again, if it was ever delivered.
func (a *API) subject(ctx context.Context, in *redeliverInput) (string, error) {
	if (in.Body.Notice == "") == (in.Body.Account == "") {
		return "", huma.Error422UnprocessableEntity("notice or account: give exactly one")
	}
	if in.Body.Notice != "" {
		_, err := a.Store.Notice(ctx, in.Body.Notice)
		switch {
		case errors.Is(err, lockstep.ErrNotFound):
			return "", noticeNotFound(in.Body.Notice)
		case err != nil:
			return "", a.problem(ctx, "read notice", err)
		}
		return in.Body.Notice, nil
	}
	account, err := lockstep.ParseAccount(in.Body.Account)
	if err != nil {
		return "", huma.Error422UnprocessableEntity("account: " + err.Error())
	}
	_, err = a.Store.AccessNotification(ctx, account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return "", huma.Error404NotFound("account: " + account.String() + " has no access to deliver yet; sync it first (POST /v1/accounts/" + account.String() + "/sync)")
	case err != nil:
		return "", a.problem(ctx, "read access notification", err)
	}
	return lockstep.AccessSubject(account), nil
}

type enableOutput struct {
	Body struct {
		Redelivered int `json:"redelivered" doc:"How many missed deliveries are being sent"`
	}
}

// enableWebhook enables an endpoint and sends what it missed.
func (a *API) enableWebhook(ctx context.Context, in *webhookPath, trail *audit.Trail) (*enableOutput, error) {
	if err := a.endpoint(in.ID); err != nil {
		return nil, err
	}
	before, err := a.Store.WebhookEndpoint(ctx, in.ID)
	if err != nil {
		return nil, a.problem(ctx, "read webhook endpoint", err)
	}
	missed, err := a.Store.EnableWebhookEndpoint(ctx, in.ID)
	if err != nil {
		return nil, a.problem(ctx, "enable webhook endpoint", err)
	}
	trail.Done(in.subjects()[0], audit.Facts{"disabled": !before.DisabledAt.IsZero()},
		audit.Facts{"disabled": false, "redelivered": missed})
	a.Wake()
	out := &enableOutput{}
	out.Body.Redelivered = missed
	return out, nil
}
