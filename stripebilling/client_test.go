package stripebilling

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey lockstep.Secret = "sk_test_1"

// serve returns a client for a local server, and the server's address.
func serve(t *testing.T, handler http.HandlerFunc) (*Client, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := server.Client().Transport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	client, err := New(Config{Key: testKey, BaseURL: server.URL, HTTPClient: &http.Client{Transport: transport},
		Limits: lockstep.Limits{PerSecond: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	return client, server.URL
}

// stripeOf answers each "METHOD path" with the given body, and everything else with
// Stripe's 404. It keeps the requests in order.
type stripeOf struct {
	answers  map[string][]string // several are given one after the other
	requests []request
}

type request struct {
	line   string // method and path
	params url.Values
	header http.Header
}

const missing = `{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such thing: ada@example.com"}}`

func (s *stripeOf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	line := r.Method + " " + r.URL.Path
	body, _ := io.ReadAll(r.Body)
	params, err := url.ParseQuery(r.URL.RawQuery + "&" + string(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.requests = append(s.requests, request{line, params, r.Header})
	answers := s.answers[line]
	if len(answers) == 0 {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, missing)
		return
	}
	if len(answers) > 1 {
		s.answers[line] = answers[1:]
	}
	_, _ = io.WriteString(w, answers[0])
}

func (s *stripeOf) lines() []string {
	var lines []string
	for _, r := range s.requests {
		lines = append(lines, r.line)
	}
	return lines
}

func listOf(more bool, members ...any) string {
	data := []any{}
	data = append(data, members...)
	return toJSON(map[string]any{"object": "list", "data": data, "has_more": more})
}

func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func at2026(second int) time.Time { return time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC) }
