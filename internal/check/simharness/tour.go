package simharness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	stripe "github.com/stripe/stripe-go/v86"
	"github.com/stripe/stripe-go/v86/webhook"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/lockstep-dev/lockstep/simulator"
)

// verifies makes the inbox verify every webhook on arrival with the official
// libraries, because a signature expires after five minutes.
func verifies(t *testing.T, in *inbox) {
	t.Helper()
	ofSvix, err := svix.NewWebhook(ClerkSecret)
	if err != nil {
		t.Fatal(err)
	}
	ofStandard, err := standard.NewWebhook(ClerkSecret)
	if err != nil {
		t.Fatal(err)
	}
	in.Answer = func(r Received, _ int) int {
		var problem error
		if signature := r.Header.Get("Stripe-Signature"); signature != "" {
			_, problem = webhook.ConstructEvent(r.Body, signature, StripeSecret)
		} else {
			renamed := http.Header{} // the second library reads only its own header names
			for _, name := range []string{"id", "timestamp", "signature"} {
				renamed.Set("webhook-"+name, r.Header.Get("svix-"+name))
			}
			problem = errors.Join(ofSvix.Verify(r.Body, r.Header), ofStandard.Verify(r.Body, renamed))
		}
		if problem != nil {
			t.Errorf("the webhook %s does not verify: %v", r.Kind, problem)
		}
		return http.StatusOK
	}
}

// Ok returns a value, and fails the test if there is an error.
func Ok[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// Every collects all pages of a list of stripe-go.
func Every[T any](t *testing.T, list stripe.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for item, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, item)
	}
	return all
}

// Code returns the code of a Stripe error, or "".
func Code(err error) stripe.ErrorCode {
	var failure *stripe.Error
	if errors.As(err, &failure) {
		return failure.Code
	}
	return ""
}

// Wants fails the test for each event type that was not emitted since a mark.
func (b *Bench) Wants(mark string, types ...string) {
	b.T.Helper()
	got := b.EventsSince(mark)
	for _, kind := range types {
		if !slices.Contains(got, kind) {
			b.T.Errorf("no %s among %v", kind, got)
		}
	}
}

// misspelling sends each request with an unknown parameter first, at each level
// it has. The simulator must refuse it for exactly that.
type misspelling struct {
	t    *testing.T
	next http.RoundTripper

	mu    sync.Mutex
	seen  map[string]bool // each mistake is made once
	taken []string        // mistakes that were accepted
}

const mistake = "lockstep_unknown"

// identifier matches the parts of a path that differ between requests of an
// operation.
var identifier = regexp.MustCompile(`/[a-z]+_[^/]*[0-9A-Z][^/]*`)

// RoundTrip sends the mistakes and then the request.
func (m *misspelling) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodDelete {
		return m.next.RoundTrip(r)
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	for _, name := range mistakes(r, string(body)) {
		if !m.first(r.Method + identifier.ReplaceAllString(r.URL.Path, "") + " " + name) {
			continue
		}
		wrong := r.Clone(r.Context())
		wrong.Header.Del("Idempotency-Key")
		switch {
		case r.Method == http.MethodGet:
			wrong.URL.RawQuery += "&" + name + "=1"
			wrong.Body = http.NoBody
		case r.URL.Host == strings.TrimPrefix(ClerkHost, "http://"): // Clerk takes JSON, or nothing
			rest, isObject := strings.CutPrefix(string(body), "{")
			if !isObject || rest == "}" {
				rest = `"and":1}`
			}
			wrong.Body = io.NopCloser(strings.NewReader(`{"` + name + `":1,` + rest))
		default:
			wrong.Body = io.NopCloser(strings.NewReader(string(body) + "&" + url.QueryEscape(name) + "=1"))
		}
		wrong.ContentLength = -1
		m.refused(wrong, name)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return m.next.RoundTrip(r)
}

func (m *misspelling) first(operation string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() { m.seen[operation] = true }()
	return !m.seen[operation]
}

func (m *misspelling) refused(r *http.Request, name string) {
	response, err := m.next.RoundTrip(r)
	if err != nil {
		m.t.Error(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		m.t.Error(err)
	}
	if response.StatusCode/100 != 4 || !strings.Contains(string(text), "parameter_unknown") &&
		!strings.Contains(string(text), "form_param_unknown") {
		m.taken = append(m.taken, fmt.Sprintf("%s %s with %s: %d %.200s, want it to be unknown", r.Method, r.URL.Path, name,
			response.StatusCode, text))
	}
}

// mistakes returns names that no operation has: one at the top level and one in
// each hash of a form, except metadata, whose names are free.
func mistakes(r *http.Request, body string) []string {
	names := []string{mistake}
	if r.Method == http.MethodGet || strings.HasPrefix(body, "{") {
		return names
	}
	for pair := range strings.SplitSeq(body, "&") {
		raw, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(raw)
		if err != nil {
			continue
		}
		for at := strings.LastIndexByte(name, '['); at > 0; at = strings.LastIndexByte(name[:at], '[') {
			key, within := strings.TrimSuffix(name[at+1:], "]"), name[:at]
			free := strings.HasSuffix(strings.TrimSuffix(within, "]"), "metadata") || strings.Trim(key, "0123456789") == ""
			if wrong := within + "[" + mistake + "]"; !free && !slices.Contains(names, wrong) {
				names = append(names, wrong)
			}
			name = within
		}
	}
	return names
}

// Chapter is one step of a tour. It builds on the steps before it.
type Chapter struct {
	Title string
	Visit func(t *testing.T)
}

// OnTour takes official clients through chapters in a bubble. begin gets an
// HTTP client for them, which sends every unknown parameter that must be
// refused before the request itself.
func OnTour(t *testing.T, begin func(b *Bench, client *http.Client) []Chapter) {
	t.Helper()
	InBubble(t, func(*simulator.Config) {}, func(t *testing.T, b *Bench) {
		verifies(t, b.Inbox)
		strict := &misspelling{t: t, next: b.HTTP.Transport, seen: map[string]bool{}}
		chapters := begin(b, &http.Client{Transport: strict, CheckRedirect: b.HTTP.CheckRedirect})
		for _, c := range chapters {
			c.Visit(t)
			b.Settle()
			if t.Failed() {
				t.Fatalf("in the chapter %q", c.Title)
			}
		}
		for _, taken := range strict.taken {
			t.Error(taken)
		}
		if got := len(b.Inbox.All()); got < 10 {
			t.Errorf("only %d webhooks were verified", got)
		}
	})
}

// Eventually advances the billing clock to a time.
func (b *Bench) Eventually(at time.Time) {
	if wait := at.Sub(b.Now()); wait > 0 {
		b.Advance(wait)
	}
}
