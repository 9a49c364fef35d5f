package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// backfillStore is the part of the store that knows the state of the backfill.
type backfillStore interface {
	Cursor(ctx context.Context, sweep string) (string, error)
	BeginBackfill(ctx context.Context, was, next string, fresh bool) (bool, error)
}

type backfillView struct {
	State      string                  `json:"state" enum:"never,running,done"`
	Phase      string                  `json:"phase,omitempty" doc:"The current step; customers, subscriptions, checkouts, users and organizations are the lists that it reads"`
	Done       int64                   `json:"done" doc:"How many objects the phase has processed"`
	Total      int64                   `json:"total" doc:"An estimate of how many the phase will process; 0 if unknown"`
	Holding    bool                    `json:"holding" doc:"Until the backfill ends, Lockstep creates no customers at sign-up and removes no access from metadata"`
	StartedAt  *time.Time              `json:"started_at,omitempty"`
	FinishedAt *time.Time              `json:"finished_at,omitempty"`
	Report     lockstep.BackfillReport `json:"report"`
}

type backfillOutput struct{ Body backfillView }

// readBackfill answers the progress of the backfill.
func (a *API) readBackfill(ctx context.Context, _ *struct{}) (*backfillOutput, error) {
	at, _, err := a.backfillState(ctx)
	if err != nil {
		return nil, a.problem(ctx, "read backfill state", err)
	}
	out := &backfillOutput{Body: backfillView{State: "never", Phase: string(at.Phase), Done: at.PhaseCount,
		Total:   at.Total(),
		Holding: at.Holds(), Report: at.Report}}
	if at.Phase == "" {
		return out, nil
	}
	out.Body.State = "running"
	since := time.Unix(at.StartedAt, 0).UTC()
	out.Body.StartedAt = &since
	if at.Phase == lockstep.BackfillDone {
		finished := time.Unix(at.FinishedAt, 0).UTC()
		out.Body.State, out.Body.FinishedAt = "done", &finished
	}
	return out, nil
}

type backfillInput struct{}

// startBackfill starts a backfill unless one is running.
func (a *API) startBackfill(ctx context.Context, in *backfillInput, trail *audit.Trail) (*struct{}, error) {
	at, was, err := a.backfillState(ctx)
	if err != nil {
		return nil, a.problem(ctx, "read backfill state", err)
	}
	if at.Phase != "" && at.Phase != lockstep.BackfillDone {
		return nil, huma.Error409Conflict("a backfill is running (" + string(at.Phase) +
			"); GET /v1/backfill shows its progress")
	}
	if err := a.Operations.Guard.Check(ctx); err != nil { // otherwise it would wait, and nothing would show why
		return nil, a.problem(ctx, "start backfill", err)
	}
	next, err := json.Marshal(lockstep.Backfill{Phase: lockstep.BackfillCustomers, StartedAt: time.Now().Unix()})
	if err != nil {
		return nil, a.problem(ctx, "encode backfill state", err)
	}
	started, err := a.Store.BeginBackfill(ctx, was, string(next), false)
	if err != nil {
		return nil, a.problem(ctx, "start backfill", err)
	}
	if !started {
		return nil, huma.Error409Conflict("a backfill was started at the same time; GET /v1/backfill shows its progress")
	}
	trail.Done(in.subjects()[0], audit.Facts{"phase": at.Phase}, audit.Facts{"phase": lockstep.BackfillCustomers})
	a.Wake()
	a.Log.WarnContext(ctx, "backfill started by an operator")
	return nil, nil
}

func (a *API) backfillState(ctx context.Context) (at lockstep.Backfill, text string, err error) {
	text, err = a.Store.Cursor(ctx, lockstep.BackfillSweep)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &at)
	}
	return at, text, err
}
