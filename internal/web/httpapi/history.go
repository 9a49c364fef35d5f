package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// historyStore is the part of the store that lists the records of runs.
type historyStore interface {
	Runs(ctx context.Context, filter lockstep.RunFilter) (lockstep.RunPage, error)
}

func (a *API) historyRoutes(api huma.API) {
	s := section{api, "Operating", a}
	add(s, route{"list-account-runs", http.MethodGet, "/v1/accounts/{kind}/{id}/runs", readers, 0,
		"List the runs of an account and its customers, newest first"}, a.accountRuns)
	add(s, route{"list-runs", http.MethodGet, "/v1/runs", readers, 0,
		"List the runs of a key, newest first"}, a.keyRuns)
}

type accountRunsQuery struct {
	Kind   string `path:"kind" enum:"user,organization" doc:"Kind of the account"`
	ID     string `path:"id" maxLength:"128" doc:"The directory's id of it, user_… or org_…"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Before string `query:"before" doc:"The value of next of the previous page"`
}

type keyRunsQuery struct {
	Key    string `query:"key" required:"true" doc:"For example user/user_2x, customer/cus_x or sweep/events"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Before string `query:"before" doc:"The value of next of the previous page"`
}

type runView struct {
	Run         string                 `json:"run" doc:"Id of the first of the runs, as in log lines and traces"`
	Key         string                 `json:"key"`
	BeganAt     time.Time              `json:"began_at" doc:"When the first of the runs began"`
	LastAt      time.Time              `json:"last_at" doc:"When the newest of the runs began"`
	Runs        int64                  `json:"runs" doc:"How many runs the record stands for: runs in a row that found nothing new share one"`
	Took        int64                  `json:"took_ms" doc:"How long the first of the runs took"`
	Disposition string                 `json:"disposition" enum:"done,retry,parked,failed"`
	Reason      string                 `json:"reason,omitempty"`
	Attempt     int                    `json:"attempt" doc:"Of the first of the runs; 1 for the first try"`
	Priority    string                 `json:"priority" enum:"interactive,normal,background"`
	Scope       []string               `json:"scope,omitempty" doc:"What may have changed, according to the marks"`
	Events      []string               `json:"events,omitempty" doc:"Up to 20 of the events that the run was for, as source/id; without any, only marks asked for it"`
	EventCount  int64                  `json:"event_count,omitempty" doc:"How many events it was for"`
	Observed    []lockstep.Observation `json:"observed,omitempty" doc:"The versions of up to 20 objects that it decided on"`
	Unlisted    int                    `json:"unlisted,omitempty" doc:"How many more objects it decided on"`
	Before      *lockstep.RunAccess    `json:"before,omitempty" doc:"The access that the stored record gave at the start"`
	After       *lockstep.RunAccess    `json:"after,omitempty" doc:"The access that it gives afterwards; absent if the run ended before it decided"`
	Wrote       []lockstep.RunEffect   `json:"wrote,omitempty" doc:"What it wrote to the database, Stripe and the directory"`
	Calls       map[string]int         `json:"calls,omitempty" doc:"How many calls it made, by provider"`
}

type runsPage struct {
	Body struct {
		Data []runView `json:"data"`
		Next string    `json:"next,omitempty"`
	}
}

func (a *API) accountRuns(ctx context.Context, in *accountRunsQuery) (*runsPage, error) {
	account, err := accountPath{in.Kind, in.ID}.account(ctx)
	if err != nil {
		return nil, err
	}
	return a.runs(ctx, lockstep.RunFilter{Account: account, Limit: in.Limit, Before: in.Before})
}

func (a *API) keyRuns(ctx context.Context, in *keyRunsQuery) (*runsPage, error) {
	key, err := lockstep.ParseKey(in.Key)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("key: " + err.Error())
	}
	return a.runs(ctx, lockstep.RunFilter{Key: key, Limit: in.Limit, Before: in.Before})
}

func (a *API) runs(ctx context.Context, filter lockstep.RunFilter) (*runsPage, error) {
	page, err := a.Store.Runs(ctx, filter)
	switch {
	case errors.Is(err, lockstep.ErrInvalid):
		return nil, huma.Error422UnprocessableEntity("before: use the next of a page")
	case err != nil:
		return nil, a.problem(ctx, "list runs", err)
	}
	out := &runsPage{}
	out.Body.Data, out.Body.Next = []runView{}, page.Next
	for _, r := range page.Runs {
		out.Body.Data = append(out.Body.Data, viewRun(r))
	}
	return out, nil
}

func viewRun(r lockstep.Run) runView {
	v := runView{Run: string(r.ID()), Key: r.Key.String(), BeganAt: r.Began.UTC(), LastAt: r.Last.UTC(), Runs: r.Runs,
		Took: r.Took.Milliseconds(), Disposition: string(r.Disposition), Reason: r.Reason, Attempt: r.Attempt,
		Priority: r.Priority.String(), Scope: r.Scope.Names(), EventCount: r.EventCount, Observed: r.Observed,
		Unlisted: r.Unlisted, Before: r.Before, After: r.After, Wrote: r.Wrote, Calls: r.Calls}
	if v.Before == nil {
		v.Before = v.After
	}
	for _, e := range r.Events {
		v.Events = append(v.Events, string(e.Source)+"/"+e.ID)
	}
	return v
}
