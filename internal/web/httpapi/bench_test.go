package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkRead compares reads of access with a handler that decodes and encodes as much but decides nothing, over
// loopback. docs/api.md has figures.
func BenchmarkRead(b *testing.B) {
	k := start(b)
	ada := k.signUp("ada@example.com")
	k.buy(ada, "pro")
	question := `{"account":"` + ada.String() + `","feature":"export"}`
	if !k.check(ada, "feature", "export").Allowed {
		b.Fatal("what was bought is not allowed")
	}
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Account, Feature string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(map[string]any{"allowed": true, "account": in.Account, "feature": in.Feature,
			"reason":      "subscription sub_123456789 (pro): paid",
			"access_etag": `"0123456789abcdef0123456789abcdef"`}); err != nil {
			b.Error(err)
		}
	}))
	b.Cleanup(bare.Close)
	// In process: the cost of memory and decision, without the network.
	handler := k.another().Handler()

	path := "/v1/accounts/" + ada.String()
	for _, c := range []struct{ name, method, url, body string }{
		{"bare", http.MethodPost, bare.URL, question},
		{"check", http.MethodPost, k.url + "/v1/check", question},
		{"access", http.MethodGet, k.url + path + "/access", ""},
		{"account", http.MethodGet, k.url + path, ""}, // from the database
	} {
		b.Run("loopback/"+c.name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					request, err := http.NewRequestWithContext(b.Context(), c.method, c.url, strings.NewReader(c.body))
					if err != nil {
						b.Fatal(err)
					}
					request.Header.Set("Authorization", "Bearer "+apiKey)
					request.Header.Set("Content-Type", "application/json")
					response, err := k.client.Do(request)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
						b.Fatalf("%d %v", response.StatusCode, err)
					}
					response.Body.Close()
				}
			})
		})
	}
	stored := k.create("app", "check")
	for _, c := range []struct {
		name, method, path, body, key string
		handler                       http.Handler
	}{
		{"bare", http.MethodPost, "/", question, apiKey, bare.Config.Handler},
		{"check", http.MethodPost, "/v1/check", question, apiKey, handler},
		{"check by a stored key", http.MethodPost, "/v1/check", question, stored, handler},
		{"access", http.MethodGet, path + "/access", "", apiKey, handler},
		{"access by a stored key", http.MethodGet, path + "/access", "", stored, handler},
		{"account", http.MethodGet, path, "", apiKey, handler},
	} {
		b.Run("handler/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				request := httptest.NewRequestWithContext(b.Context(), c.method, c.path, strings.NewReader(c.body))
				request.Header.Set("Authorization", "Bearer "+c.key)
				request.Header.Set("Content-Type", "application/json")
				answer := httptest.NewRecorder()
				if c.handler.ServeHTTP(answer, request); answer.Code != http.StatusOK {
					b.Fatalf("%d %s", answer.Code, answer.Body)
				}
			}
		})
	}
}
