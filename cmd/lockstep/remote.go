package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// remote is the running service that an operator's command talks to.
type remote struct {
	URL string `help:"URL of the running service. Its API key comes from LOCKSTEP_API_KEY." env:"LOCKSTEP_URL" default:"http://127.0.0.1:8080"`
}

// message is a request to the service's API.
type message struct {
	method, path string
	body         any    // encoded as JSON; nil: none
	reason       string // why an operator acts; may be empty
}

// get asks for something and decodes the answer.
func (r remote) get(ctx context.Context, in *surroundings, path string, out any) error {
	return r.send(ctx, in, message{method: http.MethodGet, path: path}, out)
}

// send sends a request and decodes the answer. If the service refuses, the error is the detail of its answer.
func (r remote) send(ctx context.Context, in *surroundings, m message, out any) error {
	key, _, _ := strings.Cut(in.getenv("LOCKSTEP_API_KEY"), ",") // the service accepts each key of a list
	key = strings.TrimSpace(key)
	if key == "" {
		return fmt.Errorf("LOCKSTEP_API_KEY: it is not set; use the key of the service at %s", r.URL)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := r.request(ctx, m.method, m.path, m.body)
	if err != nil {
		return err
	}
	if m.reason != "" {
		request.Header.Set("Lockstep-Reason", m.reason)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return fmt.Errorf("--url (or LOCKSTEP_URL): no service answers at %s: %w; start it with lockstep serve, or correct the URL", r.URL,
			errors.Unwrap(err))
	}
	defer func() { _ = response.Body.Close() }() // it was read completely, or is not needed
	if response.StatusCode >= http.StatusMultipleChoices {
		return r.refusal(response)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(out)
}

// request returns a request with a JSON body, or without a body if that is nil.
func (r remote) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(r.URL, "/")+path, content)
	if err != nil {
		return nil, fmt.Errorf("--url (or LOCKSTEP_URL): %q is not a URL; for example http://127.0.0.1:8080", r.URL)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// refusal returns the detail of an answer that is not a success.
func (r remote) refusal(response *http.Response) error {
	var problem struct{ Detail string }
	if err := json.NewDecoder(response.Body).Decode(&problem); err != nil || problem.Detail == "" {
		return fmt.Errorf("--url (or LOCKSTEP_URL): %s answered %d without an explanation; check that Lockstep runs there", r.URL,
			response.StatusCode)
	}
	return fmt.Errorf("%s (%d)", problem.Detail, response.StatusCode)
}
