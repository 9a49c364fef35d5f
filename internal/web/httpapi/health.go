package httpapi

import (
	"context"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/singleflight"

	"github.com/lockstep-dev/lockstep/internal/buildinfo"
)

const (
	// healthWithin bounds the check; load balancers give up soon after.
	healthWithin = 3 * time.Second
	// healthFor is how long a result is reused. A check writes to the database and needs no
	// credentials, so without this anyone could keep the database busy.
	healthFor = time.Second
	// reasonsFor is the same for the reasons of a degraded service, which need more queries.
	reasonsFor = 5 * time.Second
)

// health remembers the last check of the database.
type health struct {
	flight singleflight.Group // one check at a time

	mu  sync.Mutex
	at  time.Time
	err error

	looking sync.Mutex // one look at the reasons at a time
	looked  time.Time
	reasons []HealthReason
}

// condition is the last result of the reasons; their queries are reused like the check.
func (h *health) condition(ctx context.Context,
	look func(context.Context) ([]HealthReason, error)) ([]HealthReason, error) {
	h.looking.Lock()
	defer h.looking.Unlock()
	if !h.looked.IsZero() && time.Since(h.looked) < reasonsFor {
		return h.reasons, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthWithin)
	defer cancel()
	reasons, err := look(ctx)
	if err != nil {
		return nil, err
	}
	h.looked, h.reasons = time.Now(), reasons
	return reasons, nil
}

// check returns the result of ping, which is at most [healthFor] old.
func (h *health) check(ctx context.Context, ping func(context.Context) error) error {
	if fresh, err := h.last(); fresh {
		return err
	}
	result := h.flight.DoChan("", func() (any, error) {
		if fresh, err := h.last(); fresh {
			return nil, err
		}
		// Other callers share this check, so it continues when the first one leaves.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthWithin)
		defer cancel()
		err := ping(ctx)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.at, h.err = time.Now(), err
		return nil, err
	})
	select {
	case r := <-result:
		return r.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *health) last() (fresh bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.at.IsZero() && time.Since(h.at) < healthFor, h.err
}

type healthOutput struct {
	Body struct {
		Status  string            `json:"status" example:"ok" enum:"ok,degraded" doc:"degraded: deliveries are stored and requests answered, but something needs attention"`
		Reasons []HealthReason    `json:"reasons,omitempty" doc:"Why the service is degraded"`
		Build   *buildinfo.Info   `json:"build,omitempty" doc:"The build of Lockstep that answers"`
		Events  map[string]string `json:"events,omitempty" doc:"How the events of each provider reach this server: by webhooks or by polling"`
	}
}

func (a *API) healthy(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	if err := a.health.check(ctx, a.Store.Ping); err != nil {
		a.Log.ErrorContext(ctx, "health check failed", "error", err)
		return nil, huma.Error503ServiceUnavailable("the database cannot be written; see the server's log")
	}
	out := &healthOutput{}
	out.Body.Status, out.Body.Build, out.Body.Events = "ok", &a.Operations.Build, a.Operations.Sources
	reasons, err := a.health.condition(ctx, a.reasons)
	if err != nil { // the database can be written, so requests may come
		a.Log.ErrorContext(ctx, "condition not read", "error", err)
		reasons = []HealthReason{{"unknown", "the condition could not be read; see the server's log"}}
	}
	if len(reasons) > 0 {
		out.Body.Status, out.Body.Reasons = "degraded", reasons
	}
	return out, nil
}

func (a *API) live(context.Context, *struct{}) (*healthOutput, error) {
	out := &healthOutput{}
	out.Body.Status = "ok"
	return out, nil
}
