package acmenotes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// account is the part of Lockstep's answer that the app needs.
type account struct {
	Access     lockstep.Access `json:"access"`
	CustomerID string          `json:"customer_id"`
	Pending    bool            `json:"pending"` // an event or change is not processed yet
}

// account asks Lockstep for a user's access and its reasons.
func (a *App) account(ctx context.Context, user string) (*account, error) {
	var out account
	if err := a.lockstep(ctx, http.MethodGet, "/v1/accounts/user/"+url.PathEscape(user), nil, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// user is a user at Clerk.
type user struct {
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	PrimaryID string `json:"primary_email_address_id"`
	Addresses []struct {
		ID      string `json:"id"`
		Address string `json:"email_address"`
	} `json:"email_addresses"`
}

// Name returns the user's name; empty if Clerk knows none.
func (u user) Name() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// Email returns the primary e-mail address; empty without one.
func (u user) Email() string {
	for _, address := range u.Addresses {
		if address.ID == u.PrimaryID {
			return address.Address
		}
	}
	return ""
}

// user asks Clerk for a user.
func (a *App) user(ctx context.Context, id string) (out user, err error) {
	err = a.call(ctx, http.MethodGet, a.ClerkAPI+"/v1/users/"+url.PathEscape(id), a.ClerkKey.Reveal(), nil, &out)
	return out, err
}

// statusError is an answer with an error status.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

// notYet reports whether to try again in a moment: the service is starting, or cannot ask Clerk about a
// user who has just signed up.
func notYet(err error) bool {
	var failed *statusError
	return errors.As(err, &failed) && failed.status == http.StatusServiceUnavailable
}

// lockstep calls Lockstep's API.
func (a *App) lockstep(ctx context.Context, method, path string, in, out any) error {
	return a.call(ctx, method, a.LockstepURL+path, a.LockstepKey.Reveal(), in, out)
}

// session gets a new session token from Clerk and verifies it. Clerk's libraries do this in the browser,
// once a minute.
func (a *App) session(ctx context.Context, sessionID string) (lockstep.Session, error) {
	var token struct {
		JWT string `json:"jwt"`
	}
	err := a.call(ctx, http.MethodPost, a.ClerkAPI+"/v1/sessions/"+url.PathEscape(sessionID)+"/tokens",
		a.ClerkKey.Reveal(), struct{}{}, &token)
	if err != nil {
		return lockstep.Session{}, err
	}
	return a.Sessions.Verify(ctx, token.JWT)
}

// endSession revokes a session at Clerk.
func (a *App) endSession(ctx context.Context, sessionID string) error {
	var ended struct{}
	return a.call(ctx, http.MethodPost, a.ClerkAPI+"/v1/sessions/"+url.PathEscape(sessionID)+"/revoke",
		a.ClerkKey.Reveal(), struct{}{}, &ended)
}

// call sends and receives JSON.
func (a *App) call(ctx context.Context, method, address, key string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	response, err := a.HTTPClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return &statusError{response.StatusCode, fmt.Sprintf("%s %s: %s: %s", method, request.URL.Path, response.Status,
			strings.TrimSpace(string(text)))}
	}
	return json.Unmarshal(text, out)
}
