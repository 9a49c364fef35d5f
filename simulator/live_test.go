package simulator_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func request(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// served is a simulator with its controls on a socket.
func served(t *testing.T) (sim *simulator.Simulator, url string) {
	t.Helper()
	sim, err := simulator.New(simulator.Config{Links: simulator.Links{App: "http://app.test"}, Tour: &simulator.Tour{}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.StripeHandler())
	t.Cleanup(server.Close)
	return sim, server.URL
}

// follow reads a stream until a message contains the text, and returns all of it.
func follow(t *testing.T, r *http.Request, until string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	response, err := (&http.Client{}).Do(r.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("%s answers %d %s", r.URL, response.StatusCode, got)
	}
	var all strings.Builder
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), until) {
			return all.String()
		}
	}
	t.Fatalf("the stream ends without %q: %s", until, all.String())
	return ""
}

func TestTheSequenceStreamsOnlyWhatIsNewAndMatches(t *testing.T) {
	t.Parallel()
	sim, url := served(t)
	simharness.Post(t, sim, "/v1/customers", "email=first@example.com")
	simharness.Post(t, sim, "/v1/customers", "email=second@example.com")
	simharness.Post(t, sim, "/v1/products", "name=Other")
	simharness.Post(t, sim, "/v1/customers", "email=third@example.com")
	got := follow(t, request(t, url+"/_sim/sequence/live?q=customers&after=1"), "seq-4")
	if !strings.Contains(got, "id: 4\nevent: entries\n") || !strings.Contains(got, `id="seq-2"`) ||
		strings.Contains(got, `id="seq-1"`) || strings.Contains(got, `id="seq-3"`) {
		t.Errorf("the stream is %s", got)
	}
	again := request(t, url+"/_sim/sequence/live?after=1")
	again.Header.Set("Last-Event-ID", "3")
	if got := follow(t, again, "seq-4"); strings.Contains(got, "seq-2") {
		t.Errorf("after a break the stream repeats: %s", got)
	}
	response, err := (&http.Client{}).Do(request(t, url+"/_sim/sequence/live?after=x"))
	if err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("after=x: %v %v", response, err)
	}
	_ = response.Body.Close()
}

func TestTheTopOfThePageFollowsTheFaults(t *testing.T) {
	t.Parallel()
	sim, url := served(t)
	done := make(chan string)
	go func() { done <- follow(t, request(t, url+"/_sim/live/status?back=/_sim/objects"), "Clerk is tired") }()
	sim.AddFault(simulator.Fault{Side: "clerk", Status: 503, Name: "Clerk is tired"})
	<-done
	if got := follow(t, request(t, url+"/_sim/live/steps"), `id="step-delete"`); !strings.Contains(got, "0 of 4") {
		t.Errorf("the steps are %s", got)
	}
	response, err := (&http.Client{}).Do(request(t, url+"/_sim/live/nothing"))
	if err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown part: %v %v", response, err)
	}
	_ = response.Body.Close()
}

func TestLivePagesAreBounded(t *testing.T) {
	t.Parallel()
	_, url := served(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range 33 {
		response, err := (&http.Client{}).Do(request(t, url+"/_sim/live/status").WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		want := map[bool]int{false: http.StatusOK, true: http.StatusServiceUnavailable}[i == 32]
		if response.StatusCode != want {
			t.Errorf("stream %d answers %d", i+1, response.StatusCode)
		}
	}
}

func TestTheSequenceHasPages(t *testing.T) {
	t.Parallel()
	sim, url := served(t)
	for range 60 {
		simharness.Post(t, sim, "/v1/customers", "email=a@example.com")
	}
	read := func(path string) *simharness.Node {
		recorder := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		r.Host = "localhost"
		sim.StripeHandler().ServeHTTP(recorder, r)
		return simharness.Parsed(t, recorder.Body.String())
	}
	first := read(url + "/_sim/sequence?kind=write")
	if got := len(first.All(".log li")); got != 50 || first.Value(".log li", "id") != "seq-60" {
		t.Errorf("the first page has %d entries from %s", got, first.Value(".log li", "id"))
	}
	if live := first.Value("ol", "data-entries"); live != "/_sim/sequence/live?after=60&kind=write" {
		t.Errorf("it goes on live at %q", live)
	}
	second := read(url + first.Value(".pager a", "href"))
	if got := len(second.All(".log li")); got != 10 || second.Value(".log li", "id") != "seq-10" ||
		second.Value("ol", "data-entries") != "" || second.Value(".pager a", "href") != "" {
		t.Errorf("the second page has %d entries from %s", got, second.Value(".log li", "id"))
	}
	if got := read(url + "/_sim/sequence?id=cus_none").Says("#none"); !strings.Contains(got, "Nothing matches") {
		t.Errorf("an empty page says %q", got)
	}
	if got := read(url + "/_sim/sequence/999").Says("h1"); got != "No such entry" {
		t.Errorf("an unknown entry says %q", got)
	}
}
