package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

type backfillView struct {
	State      string                  `json:"state" enum:"never,running,done"`
	Phase      string                  `json:"phase,omitempty" doc:"What it is doing; customers, subscriptions, checkouts, users and organizations are lists that it reads"`
	Done       int64                   `json:"done" doc:"How many objects the phase has handled"`
	Total      int64                   `json:"total" doc:"How many it will handle, as estimated; 0: not known"`
	Holding    bool                    `json:"holding" doc:"No customers are created at sign-up and no metadata is lowered until it ends"`
	StartedAt  *time.Time              `json:"started_at,omitempty"`
	FinishedAt *time.Time              `json:"finished_at,omitempty"`
	Report     lockstep.BackfillReport `json:"report"`
}

type backfillOutput struct{ Body backfillView }

// readBackfill says where the backfill stands.
func (a *API) readBackfill(ctx context.Context, _ *struct{}) (*backfillOutput, error) {
	at, _, err := a.backfillState(ctx)
	if err != nil {
		return nil, a.problem(ctx, "read the state of the backfill", err)
	}
	out := &backfillOutput{Body: backfillView{State: "never", Phase: string(at.Phase), Done: at.PhaseCount,
		Total:   at.Total(),
		Holding: at.Holds(), Report: at.Report}}
	if at.Phase == "" {
		return out, nil
	}
	out.Body.State = "running"
	started := time.Unix(at.StartedAt, 0).UTC()
	out.Body.StartedAt = &started
	if at.Phase == lockstep.BackfillDone {
		finished := time.Unix(at.FinishedAt, 0).UTC()
		out.Body.State, out.Body.FinishedAt = "done", &finished
	}
	return out, nil
}

// startBackfill begins a backfill, unless one runs.
func (a *API) startBackfill(ctx context.Context, _ *struct{}) (*struct{}, error) {
	at, was, err := a.backfillState(ctx)
	if err != nil {
		return nil, a.problem(ctx, "read the state of the backfill", err)
	}
	if at.Phase != "" && at.Phase != lockstep.BackfillDone {
		return nil, huma.Error409Conflict("a backfill is running (" + string(at.Phase) +
			"); GET /v1/backfill shows its progress")
	}
	if err := a.Guard.Check(ctx); err != nil { // its first run would wait, and nothing would say why
		return nil, a.problem(ctx, "start the backfill", err)
	}
	next, err := json.Marshal(lockstep.Backfill{Phase: lockstep.BackfillCustomers, StartedAt: time.Now().Unix()})
	if err != nil {
		return nil, a.problem(ctx, "encode the state of the backfill", err)
	}
	begun, err := a.Store.BeginBackfill(ctx, was, string(next), false)
	if err != nil {
		return nil, a.problem(ctx, "begin the backfill", err)
	}
	if !begun {
		return nil, huma.Error409Conflict("a backfill was started at the same time; GET /v1/backfill shows its progress")
	}
	a.Wake()
	a.Log.WarnContext(ctx, "an operator started a backfill")
	return nil, nil
}

func (a *API) backfillState(ctx context.Context) (at lockstep.Backfill, text string, err error) {
	text, err = a.Store.Cursor(ctx, lockstep.BackfillSweep)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &at)
	}
	return at, text, err
}
