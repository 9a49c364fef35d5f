package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator"
)

// guess returns a made-up id of the right form.
func guess() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	id := []byte("cs_test_a1")
	for range 56 {
		id = append(id, letters[rand.IntN(len(letters))])
	}
	return string(id)
}

// TestAFloodOfGuessesTakesNothingFromBuyers: neither at the replica that started their checkouts, nor at another,
// which knows them only by their tokens. Known sessions stay in memory.
func TestAFloodOfGuessesTakesNothingFromBuyers(t *testing.T) {
	t.Parallel()
	k := start(t)
	other := k.another().Handler()
	ask := func(id, token, client string) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/activate?session_id="+id+"&lockstep_token="+token,
			http.NoBody)
		r.RemoteAddr = client + ":1234"
		answer := httptest.NewRecorder()
		other.ServeHTTP(answer, r)
		return answer.Code
	}
	flood := func() {
		for n := range 4000 {
			ask(guess(), "", fmt.Sprintf("203.0.%d.%d", 113+n%2, n%7)) // few clients
			if n%4 == 0 {
				ask(guess(), strings.Repeat("x", 28), fmt.Sprintf("10.%d.%d.1", n/256, n%256)) // many clients, forged tokens
				k.page("session_id=" + guess())
			}
		}
	}
	const buyers = 7
	ids, tokens := []string{}, []string{}
	for n := range buyers {
		account := k.signUp(fmt.Sprintf("buyer%d@example.com", n))
		a := k.call("POST", "/v1/checkout", apiKey, `{"account":"`+account.String()+`","lookup_key":"pro","success_url":"https://app.test/activate?session_id={CHECKOUT_SESSION_ID}"}`)
		if a.status != 200 {
			t.Fatalf("checkout: %d %s", a.status, a.body)
		}
		ids = append(ids, as[checkout](k, a).ID)
		tokens = append(tokens, k.returnParameter(ids[n], "lockstep_token"))
	}
	if status := ask(ids[0], "", "198.51.100.9"); status != 200 {
		t.Fatalf("before the flood, without a token: %d", status)
	}
	flood()
	for n, id := range ids {
		if status, _, _ := k.page("session_id=" + id); status != 200 {
			t.Errorf("buyer %d, where the checkout was started: %d", n, status)
		}
		if status := ask(id, tokens[n], "203.0.113.1"); status != 200 {
			t.Errorf("buyer %d at another replica, at the flooding client's address, with the token: %d", n, status)
		}
	}
	flood()
	for n, id := range ids {
		if status := ask(id, "", "203.0.113.1"); status != 200 {
			t.Errorf("buyer %d, whose checkout is known by now: %d", n, status)
		}
	}
	// One token does not allow many ids.
	served := 0
	for range 30 {
		if ask(guess(), tokens[0], "198.51.100.7") == http.StatusNotFound {
			served++
		}
	}
	if served > 10 {
		t.Errorf("one token opened the way for %d guesses", served)
	}
	guessed := k.sim.CountRequests(func(e simulator.Entry) bool {
		id, is := strings.CutPrefix(e.Path, "/v1/checkout/sessions/")
		return is && !strings.Contains(id, "/") && !strings.Contains(strings.Join(ids, " "), id)
	})
	if guessed > 500 {
		t.Errorf("Stripe was asked about %d of 10,000 guesses", guessed)
	}
}

// returnParameter reads a parameter of a session's return URL.
func (k *kit) returnParameter(sessionID, name string) string {
	k.Helper()
	for _, s := range k.sim.CheckoutSessions() {
		if s.ID == sessionID {
			u, err := url.Parse(s.SuccessURL)
			if err != nil {
				k.Fatal(err)
			}
			return u.Query().Get(name)
		}
	}
	k.Fatalf("there is no session %s", sessionID)
	return ""
}

// TestTheTokenIsPutWhereItBelongs: into URLs that get the session's id, before the fragment, and without other
// changes.
func TestTheTokenIsPutWhereItBelongs(t *testing.T) {
	t.Parallel()
	k := start(t)
	for given, want := range map[string]string{
		"https://app.test/?session_id={CHECKOUT_SESSION_ID}":               "https://app.test/?session_id={CHECKOUT_SESSION_ID}&lockstep_token=*",
		"https://app.test/done/{CHECKOUT_SESSION_ID}":                      "https://app.test/done/{CHECKOUT_SESSION_ID}?lockstep_token=*",
		"https://app.test/?q=%20a&session_id={CHECKOUT_SESSION_ID}#/a?b=c": "https://app.test/?q=%20a&session_id={CHECKOUT_SESSION_ID}&lockstep_token=*#/a?b=c",
		"https://app.test/#/done?id={CHECKOUT_SESSION_ID}":                 "https://app.test/?lockstep_token=*#/done?id={CHECKOUT_SESSION_ID}",
		"https://app.test/thanks?a=b":                                      "https://app.test/thanks?a=b",
	} {
		account := k.signUp(fmt.Sprintf("buyer%d@example.com", len(k.sim.Users())))
		a := k.call("POST", "/v1/checkout", apiKey, `{"account":"`+account.String()+`","lookup_key":"pro","success_url":"`+given+`"}`)
		sessions := k.sim.CheckoutSessions()
		got := sessions[len(sessions)-1].SuccessURL
		before, after, signed := strings.Cut(want, "*")
		if a.status != 200 || signed && (!strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) ||
			len(got) != len(want)-1+28) || !signed && got != want {
			t.Errorf("%s became %s, want %s", given, got, want)
		}
	}
}

// TestStreamsAreBoundedBySessionAndClient: a client that opens many leaves room for other buyers.
func TestStreamsAreBoundedBySessionAndClient(t *testing.T) {
	t.Parallel()
	k := start(t)
	var sessions []checkout
	for n := range 14 {
		sessions = append(sessions, k.checkout(k.signUp(fmt.Sprintf("buyer%d@example.com", n)), "pro"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	client := &http.Client{}
	t.Cleanup(client.CloseIdleConnections)
	var open []*http.Response
	defer func() {
		cancel()
		for _, response := range open {
			_ = response.Body.Close() // the server closed it
		}
	}()
	stream := func(session, from string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url+"/v1/activations/"+session+"/events",
			http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", from)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			if response.StatusCode == http.StatusTooManyRequests && response.Header.Get("Retry-After") == "" {
				t.Error("429 does not say when to come again")
			}
			return response.StatusCode
		}
		open = append(open, response)
		if _, err := bufio.NewReader(response.Body).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode
	}
	count := func(wanted int, of func(n int) (session, client string)) (got int) {
		for n := range wanted {
			if stream(of(n)) == http.StatusOK {
				got++
			}
		}
		return got
	}
	if got := count(20, func(n int) (string, string) { return sessions[0].ID, fmt.Sprintf("203.0.113.%d", n) }); got != 5 {
		t.Errorf("one session has %d streams, want 5", got)
	}
	if got := count(65, func(n int) (string, string) { return sessions[1+n/5].ID, "198.51.100.1" }); got != 50 {
		t.Errorf("one client has %d streams, want 50", got)
	}
	if status := stream(sessions[13].ID, "198.51.100.2"); status != http.StatusOK {
		t.Errorf("the next buyer: %d", status)
	}
	_ = open[0].Body.Close()
	k.until("the place that became free is given to another",
		func() bool { return stream(sessions[0].ID, "203.0.113.99") == http.StatusOK })
}

// TestUnsignedDeliveriesAreRefusedBeforeTheirBody: a client that sends only the headers gets an answer.
func TestUnsignedDeliveriesAreRefusedBeforeTheirBody(t *testing.T) {
	t.Parallel()
	k := start(t)
	for _, path := range []string{"/webhooks/stripe", "/webhooks/clerk"} {
		for _, header := range []string{"", "Stripe-Signature: t=1,v1=00\r\n",
			"svix-id: msg_1\r\nsvix-timestamp: 1\r\nsvix-signature: v1,AAAA\r\n"} {
			connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(k.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = connection.Close() }() // the server may have closed it
			fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: 200000\r\n\r\n", path, header)
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _ = response.Body.Close(); response.StatusCode != http.StatusBadRequest {
				t.Errorf("%s, %q: %d", path, header, response.StatusCode)
			}
		}
	}
}
