package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// accountStore is the part of the store that answers questions about accounts.
type accountStore interface {
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Notices(ctx context.Context, account lockstep.Account) ([]lockstep.Notice, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
	Forget(ctx context.Context, account lockstep.Account) (events int64, err error)
}

type accountPath struct {
	Kind string `path:"kind" enum:"user,organization" doc:"Kind of the account"`
	ID   string `path:"id" maxLength:"128" doc:"The directory's id of it, user_… or org_…"`
}

// account parses the path and checks that the caller may see the account.
func (p accountPath) account(ctx context.Context) (lockstep.Account, error) {
	account, err := lockstep.NewAccount(lockstep.Kind(p.Kind), p.ID)
	if err != nil {
		return account, huma.Error422UnprocessableEntity(err.Error())
	}
	if !callerOf(ctx).maySee(account) {
		return account, huma.Error403Forbidden("account: a session token can read only its own user and its active organization; use the API key for others")
	}
	return account, nil
}

type accountView struct {
	Account         string          `json:"account" example:"user/user_2x"`
	State           string          `json:"state" enum:"active,deleted"`
	CustomerID      string          `json:"customer_id,omitempty" doc:"The primary Stripe customer, for checkouts, the portal and metadata"`
	Name            string          `json:"name,omitempty" doc:"As last read from the directory; shown to servers only"`
	Email           string          `json:"email,omitempty" doc:"As last read from the directory; shown to servers only"`
	EmailVerified   bool            `json:"email_verified,omitempty" doc:"The directory has verified the address; shown to servers only"`
	Deletion        string          `json:"deletion,omitempty" enum:"begun,held,approved,discarded" doc:"The state of its deletion; absent if it is not being deleted; shown to servers only"`
	CustomerDeleted bool            `json:"customer_deleted,omitempty"`
	Customers       []customerView  `json:"customers,omitempty" doc:"All linked Stripe customers, the primary one first; shown to servers only"`
	Members         int64           `json:"members,omitempty" doc:"How many members an organization has, as last read from the directory; access.seats is how many it pays for"`
	MemberLimit     int64           `json:"member_limit,omitempty" doc:"How many members it may have; absent if unlimited"`
	Access          lockstep.Access `json:"access"`
	Pending         bool            `json:"pending" doc:"An event or change is waiting to be processed"`
	Problem         string          `json:"problem,omitempty" doc:"Why the last sync failed; shown to servers only"`
	Problems        []problemView   `json:"problems,omitempty" doc:"Steps that a provider rejected, oldest first; shown to servers only"`
	Notices         []noticeView    `json:"notices,omitempty" doc:"Notices about the account, oldest first; shown to servers only"`
	UpdatedAt       time.Time       `json:"updated_at"`
}

type customerView struct {
	ID      string `json:"id" example:"cus_x"`
	Primary bool   `json:"primary,omitempty"`
	Trust   string `json:"trust" enum:"proven,claimed" doc:"claimed if only a client_reference_id, which anyone can write, links it to the account"`
	Deleted bool   `json:"deleted,omitempty" doc:"Deleted at Stripe"`
}

// customersOf lists an account's customers, the primary one first.
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
	Run       string    `json:"run,omitempty" doc:"Id of the run that recorded it, as in the list of runs"`
}

func (a *API) account(ctx context.Context, in *accountPath) (*struct{ Body accountView }, error) {
	account, err := in.account(ctx)
	if err != nil {
		return nil, err
	}
	// Read the work before the record. If a run ended between the two reads in the other order, the
	// answer would show the old record with nothing pending.
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
	if callerOf(ctx).server {
		out.Body.Problem, out.Body.Problems, out.Body.Customers = work.Reason, viewProblems(record.Problems),
			customersOf(record)
		out.Body.Name, out.Body.Email, out.Body.EmailVerified = record.Name, record.Email, record.EmailVerified
		out.Body.Deletion = string(record.Deletion)
		out.Body.Notices, err = a.noticesOf(ctx, account)
	}
	return out, err
}

func (a *API) noticesOf(ctx context.Context, account lockstep.Account) (views []noticeView, err error) {
	notices, err := a.Store.Notices(ctx, account)
	if err != nil {
		return nil, a.problem(ctx, "read notices", err)
	}
	for _, n := range notices {
		views = append(views, noticeView{n.ID, string(n.Kind), n.Object, n.CreatedAt.UTC(), string(n.Run)})
	}
	return views, nil
}

// access derives the access that a record gives now.
func (a *API) access(record lockstep.Record) lockstep.Access {
	return a.Catalog.Access(record, time.Now())
}

func (a *API) syncAccount(ctx context.Context, in *accountPath, _ *audit.Trail) (*struct{}, error) {
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
