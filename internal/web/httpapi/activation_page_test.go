package httpapi_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestWithoutAScriptThePageLooksAgain: it reloads until the state is final.
func TestWithoutAScriptThePageLooksAgain(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	session := k.checkout(ada, "pro")
	const again = `<noscript><meta http-equiv="refresh" content="2"></noscript>`
	if _, body, _ := k.page("session_id=" + session.ID); !strings.Contains(body, again) {
		t.Errorf("open: %s", body)
	}
	k.pay(session.ID)
	k.becomes(session.ID, "active")
	if _, body, _ := k.page("session_id=" + session.ID); strings.Contains(body, "refresh") ||
		strings.Contains(body, "EventSource") {
		t.Errorf("active, and there is nowhere to go on to: %s", body)
	}
}

// TestThePageListensWhereItIsMounted: also below a prefix, in a program that embeds Lockstep.
func TestThePageListensWhereItIsMounted(t *testing.T) {
	t.Parallel()
	k := start(t)
	session := k.checkout(k.signUp("ada@example.com"), "pro")
	mux := http.NewServeMux()
	mux.Handle("/billing/", http.StripPrefix("/billing", k.another().Handler()))
	listener := listen(t)
	serve(t, listener, mux)
	at, err := url.Parse("http://" + listener.Addr().String() + "/billing/activate?session_id=" + session.ID)
	if err != nil {
		t.Fatal(err)
	}
	get := func(address string) (*http.Response, string) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel() // a stream does not end by itself
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := k.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.Header.Get("Content-Type") == "text/event-stream" {
			return response, ""
		}
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(text)
	}
	_, page := get(at.String())
	_, rest, _ := strings.Cut(page, "new EventSource(\"")
	stream, _, found := strings.Cut(rest, "\"")
	if !found {
		t.Fatalf("the page does not listen: %s", page)
	}
	where, err := at.Parse(strings.ReplaceAll(stream, `\/`, "/"))
	if err != nil {
		t.Fatal(err)
	}
	if response, _ := get(where.String()); response.StatusCode != http.StatusOK ||
		response.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%s answers %d", where, response.StatusCode)
	}
}

// TestEventsTellEachState: from open to active, where the stream ends.
func TestEventsTellEachState(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	session := k.checkout(ada, "pro")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url+"/v1/activations/"+session.ID+"/events",
		http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{}
	t.Cleanup(client.CloseIdleConnections)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	var states []string
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if text, is := strings.CutPrefix(lines.Text(), "data: "); is {
			states = append(states, as[activation](k, answer{body: text}).State)
		}
		if len(states) == 1 && lines.Text() == "" && len(k.sim.Subscriptions()) == 0 {
			k.pay(session.ID)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if states[0] != "open" || states[len(states)-1] != "active" || len(states) > 3 {
		t.Errorf("states %v", states)
	}
	if status := k.call("GET", "/v1/activations/cs_test_never", "", "").status; status != 404 {
		t.Errorf("what is not there: %d", status)
	}
}
