package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

type workQuery struct {
	Status  string `query:"status" enum:"pending,parked,failed," doc:"Absent: all three"`
	Kind    string `query:"kind" example:"customer" doc:"Only keys of this kind: what stands before the slash"`
	Key     string `query:"key" doc:"Only this key, for example customer/cus_x"`
	Account string `query:"account" doc:"Only this account, for example user/user_2x"`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"200"`
	After   string `query:"after" doc:"The value of next of the previous page"`
}

type workView struct {
	Key         string     `json:"key"`
	Pending     bool       `json:"pending"`
	Status      string     `json:"status" enum:"pending,parked,failed,dropped,done"`
	Disposition string     `json:"disposition,omitempty" doc:"How the last attempt ended"`
	Reason      string     `json:"reason,omitempty" doc:"Why, if it did not end well"`
	Attempts    int        `json:"attempts"`
	RunAt       time.Time  `json:"run_at" doc:"Of a pending key: when it runs next, or could have run"`
	LeaseUntil  *time.Time `json:"lease_until,omitempty" doc:"A run holds it until then at most"`
	Since       *time.Time `json:"since,omitempty" doc:"In a list: when the oldest of its open events was received"`
}

func viewWork(w lockstep.OpenWork) workView {
	return workView{Key: w.Key.String(), Pending: w.Pending(), Status: string(w.Status()),
		Disposition: string(w.Disposition), Reason: w.Reason, Attempts: w.Attempts, RunAt: w.RunAt.UTC(),
		LeaseUntil: orNil(w.LeaseUntil), Since: orNil(w.Since)}
}

type workPage struct {
	Body struct {
		Data []workView `json:"data" doc:"Parked and failed keys first, by key; then pending ones, the most urgent and oldest first"`
		Next string     `json:"next,omitempty" doc:"Absent at the end. A page may have fewer keys than the limit, or none, and still a next"`
	}
}

func (a *API) work(ctx context.Context, in *workQuery) (*workPage, error) {
	key, err := oneKey(in.Key, in.Account)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.OpenWork(ctx, lockstep.WorkFilter{Status: lockstep.WorkStatus(in.Status),
		Kind: lockstep.KeyKind(in.Kind), Key: key, Limit: in.Limit, After: in.After})
	if err != nil {
		return nil, a.problem(ctx, "list work", err)
	}
	out := &workPage{}
	out.Body.Data, out.Body.Next = []workView{}, page.Next
	for _, w := range page.Work {
		out.Body.Data = append(out.Body.Data, viewWork(w))
	}
	return out, nil
}

type retryInput struct {
	Body struct {
		Keys       []string `json:"keys" minItems:"1" maxItems:"200" example:"customer/cus_x" doc:"The keys to run again"`
		Background bool     `json:"background,omitempty" doc:"Everything else goes first; for many keys"`
	}
}

func (in *retryInput) subjects() (all []audit.Subject) {
	for _, key := range in.Body.Keys {
		all = append(all, keySubject(key))
	}
	return all
}

// keySubject returns a key that a caller named.
func keySubject(text string) audit.Subject {
	key, err := lockstep.ParseKey(text)
	if err != nil {
		return audit.Object("key", text)
	}
	if account, is := key.Account(); is {
		return audit.Account(account)
	}
	return audit.Object(string(key.Kind), key.ID)
}

type retryOutput struct {
	Body struct {
		Keys    []workView `json:"keys" doc:"What runs again, as it was before. A linked customer runs as its account"`
		Unknown []string   `json:"unknown" doc:"Keys that never had work; nothing was changed about them"`
	}
}

// retryWork makes keys due now, with all their attempts.
func (a *API) retryWork(ctx context.Context, in *retryInput, trail *audit.Trail) (*retryOutput, error) {
	marks, unknown, err := a.retryMarks(ctx, in)
	if err != nil {
		return nil, err
	}
	before, err := a.Store.Retry(ctx, marks...)
	if err != nil {
		return nil, a.problem(ctx, "retry work", err)
	}
	if len(before) == 0 {
		return nil, huma.Error404NotFound("keys: none of them ever had work; GET /v1/work lists the open ones")
	}
	out := &retryOutput{}
	out.Body.Keys, out.Body.Unknown = []workView{}, unknown
	for _, w := range before {
		trail.Done(keySubject(w.Key.String()), audit.Facts{"status": w.Status(), "attempts": w.Attempts},
			audit.Facts{"status": lockstep.WorkPending})
		out.Body.Keys = append(out.Body.Keys, viewWork(lockstep.OpenWork{Work: w}))
	}
	for _, key := range unknown {
		trail.Done(keySubject(key), nil, audit.Facts{"known": false})
	}
	a.Wake()
	a.Log.WarnContext(ctx, "work retried by an operator", "keys", len(before))
	return out, nil
}

// retryMarks returns the marks of the keys that have work, and the others.
func (a *API) retryMarks(ctx context.Context, in *retryInput) (marks []lockstep.Mark, unknown []string, err error) {
	unknown = []string{}
	priority := lockstep.Interactive
	if in.Body.Background {
		priority = lockstep.Background
	}
	for _, text := range in.Body.Keys {
		key, err := lockstep.ParseKey(text)
		if err != nil {
			return nil, nil, huma.Error422UnprocessableEntity("keys: " + err.Error())
		}
		if _, err := a.Store.Work(ctx, key); errors.Is(err, lockstep.ErrNotFound) {
			unknown = append(unknown, text)
			continue
		} else if err != nil {
			return nil, nil, a.problem(ctx, "read work", err)
		}
		scope, err := a.openScope(ctx, key)
		if err != nil {
			return nil, nil, a.problem(ctx, "read open events", err)
		}
		marks = append(marks, lockstep.Mark{Key: key, Scope: scope, Priority: priority})
	}
	return marks, unknown, nil
}

// openScope returns what the open events of a key say may have changed. A run that failed or parked has
// forgotten it. Only of an account it is more than everything: that it was deleted.
func (a *API) openScope(ctx context.Context, key lockstep.Key) (scope lockstep.Scope, err error) {
	scope = lockstep.ScopeAll
	if _, is := key.Account(); !is {
		return scope, nil
	}
	for _, status := range []lockstep.EventStatus{lockstep.EventPending, lockstep.EventParked, lockstep.EventFailed} {
		page, err := a.Store.Events(ctx, lockstep.EventFilter{Key: key, Status: status, Limit: 200, Bodiless: true,
			Bounded: true})
		if err != nil {
			return 0, err
		}
		for _, e := range page.Events {
			scope |= a.Operations.scope(e)
		}
	}
	return scope, nil
}

type dropInput struct {
	Body struct {
		Key  string `json:"key" example:"customer/cus_x"`
		Paid bool   `json:"paid,omitempty" doc:"Drop it although an event says that someone may have paid. They get no access until the customer or payment is linked, or the key is retried"`
	}
}

func (in *dropInput) subjects() []audit.Subject { return []audit.Subject{keySubject(in.Body.Key)} }

// dropWork settles a key that an operator has decided about.
func (a *API) dropWork(ctx context.Context, in *dropInput, trail *audit.Trail) (*struct{ Body workView }, error) {
	key, err := lockstep.ParseKey(in.Body.Key)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("key: " + err.Error())
	}
	from := callerOf(ctx)
	drop := lockstep.Drop{Key: key, Reason: "dropped by key/" + from.key.Name, Unless: a.Operations.Granting}
	if from.reason != "" {
		drop.Reason += ": " + from.reason
	}
	if in.Body.Paid {
		drop.Unless = nil
	}
	var before lockstep.Work
	err = a.whenIdle(ctx, func() (err error) {
		before, err = a.Store.Drop(ctx, drop)
		return err
	})
	if err != nil {
		return nil, a.undroppable(ctx, key, err)
	}
	trail.Done(in.subjects()[0], audit.Facts{"status": before.Status(), "attempts": before.Attempts, "reason": before.Reason},
		audit.Facts{"status": lockstep.WorkDropped})
	a.Log.WarnContext(ctx, "work dropped by an operator", "key", key.String())
	now, err := a.Store.Work(ctx, key)
	if err != nil {
		return nil, a.problem(ctx, "read work", err)
	}
	return &struct{ Body workView }{viewWork(lockstep.OpenWork{Work: now})}, nil
}

// undroppable says why a key was not dropped, and what to do.
func (a *API) undroppable(ctx context.Context, key lockstep.Key, err error) error {
	switch name := key.String(); {
	case errors.Is(err, lockstep.ErrNotFound):
		return huma.Error404NotFound("key: nothing of " + name + " is open; GET /v1/work lists the open keys")
	case errors.Is(err, lockstep.ErrInvalid):
		return huma.Error422UnprocessableEntity("key: " + name + " repairs other keys, so it cannot be dropped; fix the cause and retry it")
	case errors.Is(err, lockstep.ErrInUse):
		return huma.Error409Conflict("key: " + name + " is an account that Lockstep knows, and its access must follow Stripe; fix the cause (GET /v1/accounts/" +
			name + " shows its problems) and retry it")
	case errors.Is(err, lockstep.ErrPaid):
		return huma.Error409Conflict("key: an open event of " + name + " says that someone may have paid; link it to an account, or drop it with paid = true")
	}
	return a.problem(ctx, "drop work", err)
}
