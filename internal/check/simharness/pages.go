package simharness

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator"
)

// Curl posts JSON the way curl -d does, with the content type of a form.
func (b *Bench) Curl(path, body string) (int, string) {
	b.T.Helper()
	request, err := http.NewRequestWithContext(b.T.Context(), http.MethodPost, ClerkHost+path, strings.NewReader(body))
	if err != nil {
		b.T.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, _, answer := b.Page(request)
	return status, answer
}

// Get fetches a page and returns its status, location and text.
func (b *Bench) Get(path string) (int, string, string) {
	b.T.Helper()
	request, err := http.NewRequestWithContext(b.T.Context(), http.MethodGet, path, http.NoBody)
	if err != nil {
		b.T.Fatal(err)
	}
	return b.Page(request)
}

// Submit posts a form like a browser on the same site.
func (b *Bench) Submit(path string, form url.Values) (int, string, string) {
	b.T.Helper()
	request, err := http.NewRequestWithContext(b.T.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	if err != nil {
		b.T.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.Page(request)
}

// Page sends a request and returns the status, location and text of the page.
func (b *Bench) Page(request *http.Request) (int, string, string) {
	b.T.Helper()
	response, err := b.HTTP.Do(request)
	if err != nil {
		b.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	if response.Header.Get(simulator.MarkHeader) == "" {
		b.T.Errorf("%s does not say that it is a simulator", request.URL)
	}
	return response.StatusCode, response.Header.Get("Location"), string(text)
}

// Says fails the test for each text that a page lacks.
func Says(t *testing.T, page string, wants ...string) {
	t.Helper()
	for _, want := range append(wants, "Simulator", "no real money", "viewport") {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
}

// Foreign sends a request under a host name outside of the network.
func (b *Bench) Foreign(request *http.Request) (int, string, string) {
	handler := b.HTTP.Transport.(Network)[request.URL.Scheme+"://"+request.URL.Host]
	wires := Network{"http://" + request.Host: handler}
	client := &http.Client{Transport: wires}
	request.URL.Host = request.Host
	response, err := client.Do(request)
	if err != nil {
		b.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, "", ""
}

// Visited fetches a page, follows the portal's redirects, and parses it.
func (b *Bench) Visited(path string) *Node {
	b.T.Helper()
	status, location, text := b.Get(path)
	for status == http.StatusSeeOther && strings.HasPrefix(location, "/") {
		status, location, text = b.Get(StripeHost + location)
	}
	if status != http.StatusOK {
		b.T.Fatalf("%s answers %d to %s: %s", path, status, location, text)
	}
	return Parsed(b.T, text)
}
