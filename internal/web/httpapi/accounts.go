package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

type accountPath struct {
	Kind string `path:"kind" enum:"user,organization" doc:"Kind of account"`
	ID   string `path:"id" maxLength:"128" doc:"The directory's id, user_… or org_…"`
}

// account reads the path, and checks that the caller may know of it.
func (p accountPath) account(ctx context.Context) (lockstep.Account, error) {
	account, err := lockstep.NewAccount(lockstep.Kind(p.Kind), p.ID)
	if err != nil {
		return account, huma.Error422UnprocessableEntity(err.Error())
	}
	if !callerOf(ctx).maySee(account) {
		return account, huma.Error403Forbidden("a session token speaks only for its own user and active organization")
	}
	return account, nil
}

type accountView struct {
	Account         string          `json:"account" example:"user/user_2x"`
	State           string          `json:"state" enum:"active,deleted"`
	CustomerID      string          `json:"customer_id,omitempty" doc:"The primary Stripe customer: of checkouts, the portal and metadata"`
	CustomerDeleted bool            `json:"customer_deleted,omitempty"`
	Customers       []customerView  `json:"customers,omitempty" doc:"All linked Stripe customers, the primary one first; for servers"`
	Members         int64           `json:"members,omitempty" doc:"Of an organization, as the directory last said; the seats that it pays for are access.seats"`
	MemberLimit     int64           `json:"member_limit,omitempty" doc:"How many it may have; absent: no limit"`
	Access          lockstep.Access `json:"access"`
	Pending         bool            `json:"pending" doc:"Something happened that has not been looked at yet"`
	Problem         string          `json:"problem,omitempty" doc:"Why the last look did not end well; for servers"`
	Problems        []problemView   `json:"problems,omitempty" doc:"Steps that a provider refused, oldest first; for servers"`
	Notices         []noticeView    `json:"notices,omitempty" doc:"What there is to tell, oldest first; for servers"`
	UpdatedAt       time.Time       `json:"updated_at"`
}

type customerView struct {
	ID      string `json:"id" example:"cus_x"`
	Primary bool   `json:"primary,omitempty"`
	Trust   string `json:"trust" enum:"proven,claimed" doc:"claimed: only a client_reference_id, which anyone can write, links it to the account"`
	Deleted bool   `json:"deleted,omitempty" doc:"Stripe says that it is deleted"`
}

// customersOf are the customers of an account as the API shows them.
func customersOf(r lockstep.Record) (views []customerView) {
	if r.CustomerID != "" {
		views = append(views, customerView{ID: r.CustomerID, Primary: true, Trust: string(lockstep.Proven),
			Deleted: r.CustomerDeleted})
	}
	for _, l := range r.Further {
		views = append(views, customerView{ID: l.CustomerID, Trust: string(l.Trust), Deleted: l.Deleted})
	}
	return views
}

type noticeView struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Object    string    `json:"object"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *API) account(ctx context.Context, in *accountPath) (*struct{ Body accountView }, error) {
	account, err := in.account(ctx)
	if err != nil {
		return nil, err
	}
	// First, or a run could end between the two: nothing pending, beside what was before it.
	work, err := a.Store.Work(ctx, account.Key())
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return nil, a.problem(ctx, "read work", err)
	}
	record, isNew, err := a.known(ctx, account, a.Store.Account)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body accountView }{accountView{
		Account: account.String(), State: string(record.State),
		CustomerID: record.CustomerID, CustomerDeleted: record.CustomerDeleted,
		Members: record.Members, MemberLimit: record.MemberLimit,
		Access: a.access(record), UpdatedAt: record.UpdatedAt.UTC(),
	}}
	scheduled := work.Disposition != lockstep.Retry && work.RunAt.After(time.Now().Add(time.Minute))
	out.Body.Pending = isNew || work.Pending() && !scheduled
	if !callerOf(ctx).server {
		return out, nil
	}
	out.Body.Problem, out.Body.Problems, out.Body.Customers = work.Reason, viewProblems(record.Problems),
		customersOf(record)
	notices, err := a.Store.Notices(ctx, account)
	if err != nil {
		return nil, a.problem(ctx, "read notices", err)
	}
	for _, n := range notices {
		out.Body.Notices = append(out.Body.Notices, noticeView{n.ID, string(n.Kind), n.Object, n.CreatedAt.UTC()})
	}
	return out, nil
}

// access is what the record gives now.
func (a *API) access(record lockstep.Record) lockstep.Access {
	return a.Catalog.Access(record, time.Now())
}

func (a *API) syncAccount(ctx context.Context, in *accountPath) (*struct{}, error) {
	account, err := in.account(ctx)
	if err != nil {
		return nil, err
	}
	err = a.Store.Mark(ctx, lockstep.Mark{Key: account.Key(), Scope: lockstep.ScopeAll | lockstep.ScopeMembers,
		Priority: lockstep.Interactive})
	if err != nil {
		return nil, a.problem(ctx, "mark account", err)
	}
	a.Wake()
	return nil, nil
}
