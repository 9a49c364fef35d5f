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
	"time"

	"github.com/lockstep-dev/lockstep"
)

// access is the part of Lockstep's answer that the app needs.
type access struct {
	Access struct {
		Active  bool       `json:"active"`
		Status  string     `json:"status"`
		Plan    string     `json:"plan"`
		Until   *time.Time `json:"until"`
		Ending  bool       `json:"ending"`
		Reasons []struct {
			Object string `json:"object"`
			ID     string `json:"id"`
			Status string `json:"status"`
			Plan   string `json:"plan"`
			Grants bool   `json:"grants"`
			Why    string `json:"why"`
		} `json:"reasons"`
	} `json:"access"`
	CustomerID string `json:"customer_id"`
	Pending    bool   `json:"pending"`
}

// access asks Lockstep for a user's access and its reasons.
func (a *App) access(ctx context.Context, user string) (*access, error) {
	var out access
	if err := a.lockstep(ctx, http.MethodGet, "/v1/accounts/user/"+url.PathEscape(user), nil, &out); err != nil {
		return nil, err
	}
	return &out, nil
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
