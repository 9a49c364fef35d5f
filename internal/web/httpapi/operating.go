package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// eventStore is the part of the store that lists events and work.
type eventStore interface {
	Events(ctx context.Context, filter lockstep.EventFilter) (lockstep.EventPage, error)
	Backlog(ctx context.Context, limit int) ([]lockstep.Work, error)
}

type eventsQuery struct {
	Source string `query:"source" enum:"stripe,clerk,"`
	Status string `query:"status" enum:"pending,done,ignored,parked,failed,"`
	Key    string `query:"key" doc:"For example user/user_2x or customer/cus_x"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Before string `query:"before" doc:"The value of next of the previous page"`
	Whole  bool   `query:"body" doc:"Include the bodies, which contain personal data"`
}

type eventView struct {
	Source     string          `json:"source"`
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Origin     string          `json:"origin" enum:"webhook,scan"`
	Status     string          `json:"status"`
	Reason     string          `json:"reason,omitempty"`
	Key        string          `json:"key,omitempty" doc:"The key that the event marked"`
	Object     string          `json:"object,omitempty"`
	Customer   string          `json:"customer,omitempty"`
	OccurredAt time.Time       `json:"occurred_at"`
	ReceivedAt time.Time       `json:"received_at"`
	Body       json.RawMessage `json:"body,omitempty"`
	Expired    bool            `json:"body_expired,omitempty" doc:"The body was requested, but its retention has ended"`
}

type eventsPage struct {
	Body struct {
		Data []eventView `json:"data"`
		Next string      `json:"next,omitempty"`
	}
}

func (a *API) events(ctx context.Context, in *eventsQuery) (*eventsPage, error) {
	filter := lockstep.EventFilter{Source: lockstep.Source(in.Source), Status: lockstep.EventStatus(in.Status),
		Limit: in.Limit, Before: in.Before, Bodiless: !in.Whole}
	if in.Key != "" {
		key, err := lockstep.ParseKey(in.Key)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity("key: " + err.Error())
		}
		filter.Key = key
	}
	page, err := a.Store.Events(ctx, filter)
	if err != nil {
		return nil, a.problem(ctx, "list events", err)
	}
	out := &eventsPage{}
	out.Body.Data, out.Body.Next = []eventView{}, page.Next
	for _, e := range page.Events {
		v := eventView{Source: string(e.Source), ID: e.ID, Type: e.Type, Origin: string(e.Origin),
			Status: string(e.Status), Reason: e.Reason, Object: e.ObjectID, Customer: e.CustomerID,
			OccurredAt: e.OccurredAt.UTC(), ReceivedAt: e.ReceivedAt.UTC(), Body: e.Body, Expired: in.Whole && len(e.Body) == 0}
		if !e.Key.IsZero() {
			v.Key = e.Key.String()
		}
		out.Body.Data = append(out.Body.Data, v)
	}
	return out, nil
}

type workView struct {
	Key         string    `json:"key"`
	Pending     bool      `json:"pending"`
	Disposition string    `json:"disposition,omitempty" doc:"How the last attempt ended"`
	Reason      string    `json:"reason,omitempty"`
	Attempts    int       `json:"attempts"`
	RunAt       time.Time `json:"run_at"`
}

type workPage struct {
	Body struct {
		Data []workView `json:"data"`
	}
}

func (a *API) work(ctx context.Context, _ *struct{}) (*workPage, error) {
	backlog, err := a.Store.Backlog(ctx, 200)
	if err != nil {
		return nil, a.problem(ctx, "list work", err)
	}
	out := &workPage{}
	out.Body.Data = []workView{}
	for _, w := range backlog {
		out.Body.Data = append(out.Body.Data, workView{w.Key.String(), w.Pending(), string(w.Disposition),
			w.Reason, w.Attempts, w.RunAt.UTC()})
	}
	return out, nil
}
