package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// LocalDirectory stores the accounts that servers put, where no provider keeps them.
type LocalDirectory interface {
	PutIdentity(ctx context.Context, identity lockstep.Identity) (created bool, err error)
	RemoveIdentity(ctx context.Context, account lockstep.Account) error
}

type putInput struct {
	Kind string `path:"kind" enum:"user,organization" doc:"Kind of the account"`
	ID   string `path:"id" maxLength:"128" doc:"Your id of it: letters, digits and _.:|@-, starting with a letter, a digit, _ or -"`
	Body struct {
		Email string `json:"email,omitempty" maxLength:"512" doc:"Where Stripe sends receipts; leave it out for none"`
		Name  string `json:"name,omitempty" maxLength:"256" doc:"Display name; leave it out for none"`
	}
}

type putOutput struct {
	Status int
	Body   struct {
		Account string `json:"account" example:"user/42"`
		Email   string `json:"email,omitempty"`
		Name    string `json:"name,omitempty"`
		Created bool   `json:"created" doc:"The account was new"`
	}
}

// putAccount creates or updates an identity. The worker does the rest, such as creating the Stripe
// customer.
func (a *API) putAccount(ctx context.Context, in *putInput) (*putOutput, error) {
	account, err := a.localAccount(ctx, accountPath{in.Kind, in.ID})
	if err != nil {
		return nil, err
	}
	identity := lockstep.Identity{Account: account, Email: in.Body.Email, Name: in.Body.Name}
	if err := checkIdentity(identity); err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	created, err := a.Identities.Local.PutIdentity(ctx, identity)
	switch {
	case errors.Is(err, lockstep.ErrRemoved):
		return nil, huma.Error409Conflict("id: this account was deleted, and an id cannot be reused; use another id, or discard the deletion first if it is held (POST /v1/deletions/discard)")
	case err != nil:
		return nil, a.problem(ctx, "put identity", err)
	}
	a.Wake()
	out := &putOutput{Status: http.StatusOK}
	if created {
		out.Status = http.StatusCreated
	}
	out.Body.Account, out.Body.Email, out.Body.Name, out.Body.Created = account.String(), identity.Email, identity.Name,
		created
	return out, nil
}

// documentCreated adds the 201 after registration, because the framework documents one success.
func documentCreated(operation *huma.Operation) {
	operation.Responses["201"] = &huma.Response{Description: "The account was new", Content: operation.Responses["200"].Content}
}

// deleteAccount removes an identity. The deletion policy decides what happens to its billing.
func (a *API) deleteAccount(ctx context.Context, in *accountPath, trail *audit.Trail) (*struct{}, error) {
	account, err := a.localAccount(ctx, *in)
	if err != nil {
		return nil, err
	}
	if err := a.Identities.Local.RemoveIdentity(ctx, account); err != nil {
		return nil, a.problem(ctx, "remove identity", err)
	}
	trail.Done(audit.Account(account), nil, audit.Facts{"identity": "removed"})
	a.Wake()
	return nil, nil
}

// localAccount returns the account of the path, unless a provider keeps identities.
func (a *API) localAccount(ctx context.Context, path accountPath) (lockstep.Account, error) {
	if a.Identities.Local == nil {
		return lockstep.Account{}, huma.Error409Conflict(
			`identity: it is "clerk", so create, change and delete users in Clerk; to use this operation, configure identity = "api"`)
	}
	return path.account(ctx)
}

// checkIdentity rejects what Stripe would reject, and what would break an e-mail's header.
func checkIdentity(i lockstep.Identity) error {
	if i.Email != "" {
		if parsed, err := mail.ParseAddress(i.Email); err != nil || parsed.Address != i.Email {
			return fmt.Errorf("email: %q is not an e-mail address", i.Email)
		}
	}
	for field, value := range map[string]string{"email": i.Email, "name": i.Name} {
		if strings.ContainsFunc(value, unicode.IsControl) || strings.TrimSpace(value) != value {
			return fmt.Errorf("%s: it contains control characters, or starts or ends with a space; remove them", field)
		}
	}
	return nil
}
