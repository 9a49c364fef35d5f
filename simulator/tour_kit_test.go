package simulator_test

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

	clerk "github.com/clerk/clerk-sdk-go/v2"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stripe/stripe-go/v86"
	"github.com/stripe/stripe-go/v86/webhook"
	svix "github.com/svix/svix-webhooks/go"
)

// tour is one simulator that an official client goes through in chapters, each
// of which finds what the ones before left.
type tour struct {
	*bench
	clerk   *clerk.ClientConfig
	product *stripe.Product // Pro, with the prices by the month and by the year
	monthly *stripe.Price
	yearly  *stripe.Price
	sticker *stripe.Price // paid once
	buyer   *stripe.Customer
	sub     *stripe.Subscription // the buyer's
}

// verifies has every webhook verified on arrival by the official libraries: a
// signature is good for five minutes only.
func verifies(t *testing.T, in *inbox) {
	t.Helper()
	ofSvix, err := svix.NewWebhook(clerkSecret)
	if err != nil {
		t.Fatal(err)
	}
	ofStandard, err := standard.NewWebhook(clerkSecret)
	if err != nil {
		t.Fatal(err)
	}
	in.answer = func(r received, _ int) int {
		var problem error
		if signature := r.header.Get("Stripe-Signature"); signature != "" {
			_, problem = webhook.ConstructEvent(r.body, signature, stripeSecret)
		} else {
			renamed := http.Header{} // the second library knows its own names only
			for _, name := range []string{"id", "timestamp", "signature"} {
				renamed.Set("webhook-"+name, r.header.Get("svix-"+name))
			}
			problem = errors.Join(ofSvix.Verify(r.body, r.header), ofStandard.Verify(r.body, renamed))
		}
		if problem != nil {
			t.Errorf("the webhook %s does not verify: %v", r.kind, problem)
		}
		return http.StatusOK
	}
}

// ok returns a value and fails the test on an error.
func ok[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// every collects what a list of stripe-go yields, over all its pages.
func every[T any](t *testing.T, list stripe.Seq2[T, error]) []T {
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

// code is the code of Stripe's error, "" for none.
func code(err error) stripe.ErrorCode {
	var failure *stripe.Error
	if errors.As(err, &failure) {
		return failure.Code
	}
	return ""
}

// wants fails the test for each event type that has not been written since a mark.
func (b *bench) wants(mark string, types ...string) {
	b.t.Helper()
	got := b.eventsSince(mark)
	for _, kind := range types {
		if !slices.Contains(got, kind) {
			b.t.Errorf("no %s among %v", kind, got)
		}
	}
}

// misspelling sends each request with a mistake in it first, at each level that
// it has. All else being right, it must be refused for just that.
type misspelling struct {
	t    *testing.T
	next http.RoundTripper

	mu    sync.Mutex
	seen  map[string]bool // each mistake is made once
	taken []string        // what was not refused
}

const mistake = "lockstep_unknown"

// identifier is what differs between requests of the same operation.
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
		case r.URL.Host == strings.TrimPrefix(clerkHost, "http://"): // which takes JSON, or nothing
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

// mistakes are names that no operation has: one at the top and one in each hash
// of a form, but for metadata, whose names are free.
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

func TestMistakesAreMadeAtEachLevel(t *testing.T) {
	t.Parallel()
	got := mistakes(&http.Request{Method: http.MethodPost},
		"a=1&b[c]=2&items[0][price]=3&items[0][recurring][interval]=day&expand[]=x&metadata[k]=v&subscription_data[metadata][k]=v")
	want := []string{mistake, "b[" + mistake + "]", "items[0][" + mistake + "]", "items[0][recurring][" + mistake + "]",
		"subscription_data[" + mistake + "]"}
	if !slices.Equal(got, want) {
		t.Errorf("mistakes %q, want %q", got, want)
	}
}

// onTour lets an official client go through chapters.
func onTour(t *testing.T, chapters []chapter) {
	inBubble(t, func(t *testing.T, b *bench) {
		verifies(t, b.inbox)
		strict := &misspelling{t: t, next: b.http.Transport, seen: map[string]bool{}}
		client := &http.Client{Transport: strict, CheckRedirect: b.http.CheckRedirect}
		b.stripe = stripeClient(stripeHost, client)
		tour := &tour{bench: b, clerk: clerkConfig(clerkHost, client)}
		for _, c := range chapters {
			c.visit(t, tour)
			b.settle()
			if t.Failed() {
				t.Fatalf("in the chapter %q", c.title)
			}
		}
		for _, taken := range strict.taken {
			t.Error(taken)
		}
		if got := len(b.inbox.all()); got < 10 {
			t.Errorf("only %d webhooks were verified", got)
		}
	})
}

type chapter struct {
	title string
	visit func(t *testing.T, tour *tour)
}

// eventually advances the shared clock to a time.
func (b *bench) eventually(at time.Time) {
	if wait := at.Sub(b.Now()); wait > 0 {
		b.Advance(wait)
	}
}
