package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// remote is a service that runs somewhere, as commands for operators reach it.
type remote struct {
	URL string `help:"Where the service is. Its API key is read from LOCKSTEP_API_KEY." env:"LOCKSTEP_URL" default:"http://127.0.0.1:8080"`
}

// call sends a request to the service's API with LOCKSTEP_API_KEY, and decodes the
// answer. A refusal is an error that says what the service says.
func (r remote) call(ctx context.Context, in *surroundings, method, path string, body, out any) error {
	key, _, _ := strings.Cut(in.getenv("LOCKSTEP_API_KEY"), ",") // while a key is rotated, the service takes each
	key = strings.TrimSpace(key)
	if key == "" {
		return fmt.Errorf("LOCKSTEP_API_KEY is not set: it must be the one of the service at %s", r.URL)
	}
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(r.URL, "/")+path, content)
	if err != nil {
		return fmt.Errorf("%s is no URL of a service", r.URL)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return fmt.Errorf("the service does not answer: %w.\n  Say where it is: --url or LOCKSTEP_URL", err)
	}
	defer func() { _ = response.Body.Close() }() // it was read, or is of no use
	if response.StatusCode >= http.StatusMultipleChoices {
		var problem struct{ Detail string }
		if err := json.NewDecoder(response.Body).Decode(&problem); err != nil || problem.Detail == "" {
			return fmt.Errorf("%s answered %d; is it Lockstep?", r.URL, response.StatusCode)
		}
		return fmt.Errorf("%s (%d)", problem.Detail, response.StatusCode)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(out)
}
