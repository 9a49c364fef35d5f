package main

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheBareHandlerAnswersTheSameBytes compares it with Lockstep's answers from the database and from memory.
func TestTheBareHandlerAnswersTheSameBytes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bench.db")
	if err := populate(t.Context(), "sqlite", file, 2, waiting{}); err != nil {
		t.Fatal(err)
	}
	store, err := openStore(t.Context(), "sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // nothing was written
	lock, err := newServer(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]questions{"access": accessReads{}, "check": checks{}} {
		text, _ := q.request(nil, nil, 0)
		answer := func(handler http.Handler) (int, http.Header, string) {
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r.WithContext(t.Context()))
			return w.Code, w.Header(), w.Body.String()
		}
		status, header, body := answer(http.HandlerFunc(bareAnswer))
		for range 2 {
			gotStatus, gotHeader, gotBody := answer(lock.Handler())
			if gotStatus != status || gotBody != body || cmp.Diff(gotHeader, header) != "" {
				t.Errorf("%s: Lockstep answers %d %v %s, the bare handler %d %v %s", name,
					gotStatus, gotHeader, gotBody, status, header, body)
			}
		}
	}
}
