package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestServiceURL(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:8080":   "http://127.0.0.1:8080",
		"0.0.0.0:8080":     "http://127.0.0.1:8080",
		":8080":            "http://127.0.0.1:8080",
		"[::]:8080":        "http://127.0.0.1:8080",
		"[::1]:8080":       "http://[::1]:8080",
		"10.1.2.3:9":       "http://10.1.2.3:9",
		"db.internal:8080": "http://db.internal:8080",
		"8080":             "http://8080",
	} {
		if got := serviceURL(addr); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

// TestUnhealthyAnswers: only Lockstep's own 200 is healthy.
func TestUnhealthyAnswers(t *testing.T) {
	t.Parallel()
	for body, status := range map[string]int{
		`{"detail":"the database cannot be written; see the server's log"}`: http.StatusServiceUnavailable,
		`<html>another service</html>`:                                      http.StatusOK,
		`{}`:                                                                http.StatusOK,
	} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		in := &surroundings{getenv: func(string) string { return "" }, stdout: io.Discard}
		err := (&healthCommand{URL: service.URL}).Run(t.Context(), in)
		service.Close()
		if err == nil || status == http.StatusServiceUnavailable && !strings.Contains(err.Error(), "cannot be written") {
			t.Errorf("%d %s: %v", status, body, err)
		}
	}
}
