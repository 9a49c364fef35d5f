package clerkdirectory

import (
	"context"
	"net/http"
	"net/url"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

const provider = "clerk"

// nothing is the value that the SDK decodes an answer into.
type nothing struct{}

// Read is called by the SDK.
func (*nothing) Read(*clerk.APIResponse) {}

// query holds the query parameters of a request.
type query struct {
	clerk.APIParams
	values url.Values
}

func (q query) ToQuery() url.Values { return q.values }

// ToMultipart is never called. The interface clerk.Params requires it.
func (q query) ToMultipart() ([]byte, string, error) { return q.APIParams.ToMultipart() }

// call makes one request. The SDK builds the request and sets the API version; we read
// the answer ourselves. We do not use the SDK's list of users, which makes two calls
// and has no cursor.
func (c *Client) call(ctx context.Context, op, method, path string, params clerk.Params) (upstream.Answer, error) {
	request := clerk.NewAPIRequest(method, path)
	if params != nil {
		request.SetParams(params)
	}
	ctx, answer := upstream.Keep(ctx)
	err := c.gate.Call(ctx, method, path, func() error {
		if err := c.backend.Call(ctx, request, &nothing{}); err != nil {
			return upstream.Failure(provider, op, err)
		}
		return nil
	})
	c.gate.Heard(answer)
	if err != nil {
		return upstream.Answer{}, err
	}
	return *answer, nil
}

func (c *Client) list(ctx context.Context, op, path string, values url.Values) (upstream.Answer, error) {
	return c.call(ctx, op, http.MethodGet, path, query{values: values})
}

// at returns the API path of an account.
func at(op string, account lockstep.Account) (string, error) {
	// An empty id, or one such as .., would address the whole list.
	if _, err := lockstep.NewAccount(account.Kind, account.ID); err != nil {
		return "", failed(op, err)
	}
	return collections[account.Kind] + "/" + url.PathEscape(account.ID), nil
}

var collections = map[lockstep.Kind]string{lockstep.User: "/users", lockstep.Organization: "/organizations"}

// failed returns the error of a call whose outcome is unknown or that was not made.
func failed(op string, cause error) error { return upstream.Failed(provider, op, cause) }
