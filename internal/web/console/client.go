package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// client calls the API in this process, as the person of a session.
type client struct {
	api http.Handler
	of  httpapi.Operator
}

// apiError is an answer of the API that is not a success. Its detail is safe to show.
type apiError struct {
	Status int
	Detail string `json:"detail"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"`
}

func (e *apiError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("the API answered %d without an explanation", e.Status)
	}
	return e.Detail
}

// get reads an operation of the API.
func (c client) get(ctx context.Context, path string, out any) error {
	return c.call(ctx, call{method: http.MethodGet, path: path}, out)
}

// call is a request to the API.
type call struct {
	method, path string
	body         any    // encoded as JSON; nil: none
	reason       string // why the person acts, for the audit log; may be empty
}

// call sends a request and decodes the answer. An answer that is not a success is an *apiError.
func (c client) call(ctx context.Context, to call, out any) error {
	content := http.NoBody
	request, err := http.NewRequestWithContext(httpapi.AsOperator(ctx, c.of), to.method, to.path, content)
	if err != nil {
		return err
	}
	if to.body != nil {
		text, err := json.Marshal(to.body)
		if err != nil {
			return err
		}
		request, err = http.NewRequestWithContext(request.Context(), to.method, to.path, bytes.NewReader(text))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
	}
	if to.reason != "" {
		request.Header.Set("Lockstep-Reason", to.reason)
	}
	answer := &answer{header: http.Header{}, status: http.StatusOK}
	c.api.ServeHTTP(answer, request)
	if answer.status >= http.StatusMultipleChoices {
		refused := &apiError{Status: answer.status}
		if err := json.Unmarshal(answer.body.Bytes(), refused); err != nil {
			refused.Detail = ""
		}
		refused.Status = answer.status
		return refused
	}
	if out == nil || answer.body.Len() == 0 {
		return nil
	}
	if err := json.Unmarshal(answer.body.Bytes(), out); err != nil {
		return fmt.Errorf("%s %s: %w", to.method, to.path, err)
	}
	return nil
}

// answer keeps an answer in memory.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
