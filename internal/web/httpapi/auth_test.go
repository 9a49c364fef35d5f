package httpapi_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/lockstep-dev/lockstep/server"
)

// TestAKeyIsRotated: both keys work while both are configured.
func TestAKeyIsRotated(t *testing.T) {
	t.Parallel()
	const old = "the-old-api-key-0123456789-0123456789"
	k := start(t, func(c *server.Config) { c.HTTP.APIKey = old + " , " + apiKey })
	for key, status := range map[string]int{old: 200, apiKey: 200, old + "," + apiKey: 401, old + " , " + apiKey: 401,
		"": 401, ",": 401, old[:36]: 401} {
		if a := k.call("GET", "/v1/work", key, ""); a.status != status {
			t.Errorf("with the key %q: %d, want %d", key, a.status, status)
		}
	}
}

// logged is a log that a test can read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// TestWrongKeysAreLimitedByClient: a client that guesses gets 429, and cannot fill the log. Other clients, and
// valid credentials from the same address, are served.
func TestWrongKeysAreLimitedByClient(t *testing.T) {
	t.Parallel()
	log := &logged{}
	k := start(t, func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) })
	const guesser, other = "X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 203.0.113.8"
	session := k.token(k.signUp("ada@example.com"), "")
	answers := map[int]int{}
	// A wrong key, an unsigned token, a token with another signature, the key with one more character.
	wrong := []string{"guess", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyXzEifQ.", session[:len(session)-4] + "AAAA",
		apiKey + "0"}
	for n := range 300 {
		a := k.call("GET", "/v1/work", wrong[n%len(wrong)], "", guesser)
		if a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") == "" {
			t.Fatalf("429 does not say when to come again: %v", a.header)
		}
		answers[a.status]++
	}
	if answers[401] < 20 || answers[429] < 200 {
		t.Errorf("300 wrong keys were answered %v; want about 20 times 401, then 429", answers)
	}
	if n := log.count("credentials refused"); n > 2 {
		t.Errorf("%d lines were logged", n)
	}
	for what, a := range map[string]answer{
		"the key of the same client":   k.call("GET", "/v1/work", apiKey, "", guesser),
		"a session of the same client": k.call("GET", "/v1/accounts/user/"+k.sim.Users()[0].ID, session, "", guesser),
	} {
		if a.status != 200 {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	if a := k.call("GET", "/v1/work", "typo", "", other); a.status != 401 {
		t.Errorf("another client's first mistake: %d", a.status)
	}
	k.until("/metrics has the same limit", func() bool { return k.metrics(guesser) == http.StatusTooManyRequests })
}

// metrics requests the metrics with a wrong key.
func (k *kit) metrics(header string) (status int) {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), http.MethodGet, k.url+"/metrics", http.NoBody)
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer guess")
	name, value, _ := strings.Cut(header, ": ")
	request.Header.Set(name, value)
	response, err := k.client.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// TestWhoImpersonatesLooksButDoesNotBuy: whatever form the claim has. The test signs the tokens, because the
// simulator has no impersonation.
func TestWhoImpersonatesLooksButDoesNotBuy(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	k := start(t, func(c *server.Config) { c.Clerk.BaseURL = clerkWithKey(t, c.Clerk.BaseURL, key) })
	ada := k.signUp("ada@example.com")
	k.buy(ada, "basic")
	for act, impersonated := range map[string]bool{`{"sub":"user_admin"}`: true, `"user_admin"`: true, `{}`: true,
		`null`: false, ``: false} {
		claims := jwt.MapClaims{"iss": k.config.Clerk.Issuer, "sub": ada.ID, "sid": "sess_1",
			"exp": time.Now().Add(time.Minute).Unix()}
		if act != "" {
			claims["act"] = json.RawMessage(act)
		}
		unsigned := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
		unsigned.Header["kid"] = "test"
		token, err := unsigned.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		for what, a := range map[string]answer{
			"checkout": k.call("POST", "/v1/checkout", token, `{"lookup_key":"basic","success_url":"https://app.test/"}`),
			"portal":   k.call("POST", "/v1/portal", token, `{"return_url":"https://app.test/"}`),
		} {
			refused := a.status == 403 && strings.Contains(a.body, "urn:lockstep:impersonated") &&
				strings.Contains(a.body, "may read but not buy")
			if refused != impersonated {
				t.Errorf("act is %q, %s: %d %s", act, what, a.status, a.body)
			}
		}
		for _, path := range []string{"", "/access"} {
			if a := k.call("GET", "/v1/accounts/user/"+ada.ID+path, token, ""); a.status != 200 {
				t.Errorf("act is %q, reading %q: %d %s", act, path, a.status, a.body)
			}
		}
	}
}

// clerkWithKey is a Clerk whose tokens are signed with key.
func clerkWithKey(t *testing.T, origin string, key *rsa.PrivateKey) (address string) {
	t.Helper()
	at, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/jwks", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kid":"test","alg":"RS256","use":"sig","kty":"RSA","n":%q,"e":"AQAB"}]}`,
			base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	})
	mux.Handle("/", httputil.NewSingleHostReverseProxy(at))
	listener := listen(t)
	serve(t, listener, mux)
	return "http://" + listener.Addr().String()
}
