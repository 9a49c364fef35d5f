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
)

// LocalDirectory is what the API needs of the roster.
type LocalDirectory interface {
	PutIdentity(ctx context.Context, identity lockstep.Identity) (created bool, err error)
	RemoveIdentity(ctx context.Context, account lockstep.Account) error
}

type putInput struct {
	Kind string `path:"kind" enum:"user,organization" doc:"Kind of account"`
	ID   string `path:"id" maxLength:"128" doc:"Your id of it: letters, digits or _.:|@-; it begins with a letter, a digit, _ or -"`
	Body struct {
		Email string `json:"email,omitempty" maxLength:"512" doc:"Where Stripe sends receipts; left out: none"`
		Name  string `json:"name,omitempty" maxLength:"256" doc:"Display name; left out: none"`
	}
}

type putOutput struct {
	Status int
	Body   struct {
		Account string `json:"account" example:"user/42"`
		Email   string `json:"email,omitempty"`
		Name    string `json:"name,omitempty"`
		Created bool   `json:"created" doc:"Whether it was new"`
	}
}

// putAccount creates or updates an identity. What follows from it, the customer
// in Stripe first, is the worker's.
func (a *API) putAccount(ctx context.Context, in *putInput) (*putOutput, error) {
	account, err := a.rostered(ctx, accountPath{in.Kind, in.ID})
	if err != nil {
		return nil, err
	}
	identity := lockstep.Identity{Account: account, Email: in.Body.Email, Name: in.Body.Name}
	if err := checkIdentity(identity); err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	created, err := a.LocalDirectory.PutIdentity(ctx, identity)
	switch {
	case errors.Is(err, lockstep.ErrRemoved):
		return nil, huma.Error409Conflict("this account was deleted, and an id is not given twice: use another id; or, if its deletion is held and was not meant, discard it first")
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

// documentCreated is said after the operation was registered: the framework documents one
// success only.
func documentCreated(operation *huma.Operation) {
	operation.Responses["201"] = &huma.Response{Description: "It was new", Content: operation.Responses["200"].Content}
}

// deleteAccount removes an identity; its billing follows the deletion policy.
func (a *API) deleteAccount(ctx context.Context, in *accountPath) (*struct{}, error) {
	account, err := a.rostered(ctx, *in)
	if err != nil {
		return nil, err
	}
	if err := a.LocalDirectory.RemoveIdentity(ctx, account); err != nil {
		return nil, a.problem(ctx, "remove identity", err)
	}
	a.Wake()
	return nil, nil
}

// rostered is the account of the path, if its identity is ours to keep.
func (a *API) rostered(ctx context.Context, path accountPath) (lockstep.Account, error) {
	if a.LocalDirectory == nil {
		return lockstep.Account{}, huma.Error409Conflict(
			`identities come from Clerk here: create, change and delete users there, or configure identity = "api"`)
	}
	return path.account(ctx)
}

// checkIdentity refuses what Stripe would refuse, or what would break a mail's
// header: an address is one address and nothing else.
func checkIdentity(i lockstep.Identity) error {
	if i.Email != "" {
		if parsed, err := mail.ParseAddress(i.Email); err != nil || parsed.Address != i.Email {
			return errors.New("email is not an e-mail address")
		}
	}
	for field, value := range map[string]string{"email": i.Email, "name": i.Name} {
		if strings.ContainsFunc(value, unicode.IsControl) || strings.TrimSpace(value) != value {
			return fmt.Errorf("%s holds control characters, or begins or ends with space", field)
		}
	}
	return nil
}
