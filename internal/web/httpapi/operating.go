package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// eventStore is the part of the store that lists events and work, and repairs them.
type eventStore interface {
	lockstep.Repairs
	Events(ctx context.Context, filter lockstep.EventFilter) (lockstep.EventPage, error)
}

type eventsQuery struct {
	Source  string     `query:"source" enum:"stripe,clerk,"`
	Status  string     `query:"status" enum:"pending,done,ignored,parked,failed,dropped,"`
	Key     string     `query:"key" doc:"For example user/user_2x or customer/cus_x"`
	Account string     `query:"account" doc:"The events of an account, for example user/user_2x; the same as its key"`
	Type    string     `query:"type" example:"invoice.paid" doc:"The exact type"`
	Since   time.Time  `query:"since" doc:"Only events received from this time on"`
	Until   time.Time  `query:"until" doc:"Only events received before this time"`
	Limit   int        `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Before  string     `query:"before" doc:"The value of next of the previous page"`
	Shown   bodyChoice `query:"body" doc:"true includes the bodies, which contain personal data; masked includes them without"`
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
	Masked     bool            `json:"body_masked,omitempty" doc:"Personal data in the body is replaced by dots"`
	Withheld   string          `json:"body_withheld,omitempty" doc:"Why the masked body is absent"`
	Expired    bool            `json:"body_expired,omitempty" doc:"The body was requested, but its retention has ended"`
	Work       *workView       `json:"work,omitempty" doc:"Of a single event: the state of its key now"`
}

type eventsPage struct {
	Body struct {
		Data []eventView `json:"data"`
		Next string      `json:"next,omitempty" doc:"Absent at the end. A page may have fewer events than the limit, or none, and still a next: a filter without an index looks at 5,000 events at a time"`
	}
}

func (in *eventsQuery) filter() (lockstep.EventFilter, error) {
	filter := lockstep.EventFilter{Source: lockstep.Source(in.Source), Status: lockstep.EventStatus(in.Status),
		Type: in.Type, Since: in.Since, Until: in.Until, Limit: in.Limit, Before: in.Before,
		Bodiless: in.Shown.read() == noBody,
		Bounded:  true}
	key, err := oneKey(in.Key, in.Account)
	filter.Key = key
	return filter, err
}

// oneKey returns the key that a filter names, directly or by its account; the zero key if neither is given.
func oneKey(key, account string) (named lockstep.Key, err error) {
	switch {
	case key != "" && account != "":
		return named, huma.Error422UnprocessableEntity("key, account: give one of them; an account is a key")
	case account != "":
		a, err := lockstep.ParseAccount(account)
		if err != nil {
			return named, huma.Error422UnprocessableEntity("account: " + err.Error())
		}
		return a.Key(), nil
	case key != "":
		if named, err = lockstep.ParseKey(key); err != nil {
			return named, huma.Error422UnprocessableEntity("key: " + err.Error())
		}
	}
	return named, nil
}

func viewEvent(e lockstep.Event, shown bodyChoice) eventView {
	v := eventView{Source: string(e.Source), ID: e.ID, Type: e.Type, Origin: string(e.Origin),
		Status: string(e.Status), Reason: e.Reason, Object: e.ObjectID, Customer: e.CustomerID,
		OccurredAt: e.OccurredAt.UTC(), ReceivedAt: e.ReceivedAt.UTC()}
	v.show(e.Body, shown)
	if !e.Key.IsZero() {
		v.Key = e.Key.String()
	}
	return v
}

func (a *API) events(ctx context.Context, in *eventsQuery) (*eventsPage, error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	page, err := a.Store.Events(ctx, filter)
	if err != nil {
		return nil, a.problem(ctx, "list events", err)
	}
	out := &eventsPage{}
	out.Body.Data, out.Body.Next = []eventView{}, page.Next
	for _, e := range page.Events {
		out.Body.Data = append(out.Body.Data, viewEvent(e, in.Shown.read()))
	}
	return out, nil
}

type eventQuery struct {
	ID     string     `path:"id" maxLength:"255" example:"evt_1"`
	Source string     `query:"source" enum:"stripe,clerk," doc:"Only an event of this source"`
	Shown  bodyChoice `query:"body" doc:"true includes the body, which contains personal data; masked includes it without"`
}

type eventOutput struct{ Body eventView }

// event returns an event, and what the queue knows about its key.
func (a *API) event(ctx context.Context, in *eventQuery) (*eventOutput, error) {
	e, err := a.Store.Event(ctx, lockstep.EventRef{Source: lockstep.Source(in.Source), ID: in.ID})
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil, eventNotFound(in.ID)
	}
	if err != nil {
		return nil, a.problem(ctx, "read event", err)
	}
	out := &eventOutput{viewEvent(e, in.Shown.read())}
	if e.Key.IsZero() {
		return out, nil
	}
	work, err := a.Store.Work(ctx, e.Key)
	switch {
	case err == nil:
		view := viewWork(lockstep.OpenWork{Work: work})
		out.Body.Work = &view
	case !errors.Is(err, lockstep.ErrNotFound):
		return nil, a.problem(ctx, "read work", err)
	}
	return out, nil
}
