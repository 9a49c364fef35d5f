package webhookout

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"github.com/lockstep-dev/lockstep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func secretOf(text string) lockstep.Secret {
	return lockstep.Secret("whsec_" + base64.StdEncoding.EncodeToString([]byte(text)))
}

var (
	oldSecret = secretOf("the old secret has 24 bytes or more")
	newSecret = secretOf("the new secret has 24 bytes or more")
)

func caller(t *testing.T, e Endpoint) *Caller {
	t.Helper()
	e.ID = "app"
	if e.Secrets == nil {
		e.Secrets = []lockstep.Secret{oldSecret}
	}
	c, err := New([]Endpoint{e})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func receiver(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	web := httptest.NewServer(handle)
	t.Cleanup(web.Close)
	return web.URL
}

var message = lockstep.WebhookMessage{ID: "msg_1", Body: []byte(`{"type":"x"}`)}

// TestTheOfficialLibraryTakesWhatWeSign: with the old secret and with the new one.
func TestTheOfficialLibraryTakesWhatWeSign(t *testing.T) {
	t.Parallel()
	for _, secret := range []lockstep.Secret{oldSecret, newSecret, secretOf("another secret that nobody uses")} {
		webhook, err := standard.NewWebhook(secret.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		var verified atomic.Pointer[error]
		url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err == nil {
				err = webhook.Verify(body, r.Header)
			}
			verified.Store(&err)
			if string(body) != string(message.Body) || r.Header.Get("webhook-id") != "msg_1" || r.Method != http.MethodPost ||
				r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "Lockstep/devel" {
				t.Errorf("got %s %s %v", r.Method, body, r.Header)
			}
		})
		c := caller(t, Endpoint{URL: url, AllowPrivate: true, Secrets: []lockstep.Secret{newSecret, oldSecret}})
		if err := c.SendWebhook(t.Context(), "app", message); err != nil {
			t.Fatal(err)
		}
		if good := *verified.Load() == nil; good != (secret == oldSecret || secret == newSecret) {
			t.Errorf("verified: %v", *verified.Load())
		}
	}
}

func TestWhatAnEndpointAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   lockstep.WebhookError // without its reason; zero: taken
	}{
		"taken":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, lockstep.WebhookError{}},
		"refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }, lockstep.WebhookError{Status: 400}},
		"not now": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After",
				"120")
			w.WriteHeader(503)
		}, lockstep.WebhookError{Status: 503, RetryAfter: 2 * time.Minute}},
		"not for a year": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "31536000")
			w.WriteHeader(503)
		}, lockstep.WebhookError{Status: 503, RetryAfter: longestWait}},
		"no more": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) },
			lockstep.WebhookError{Status: 410, Gone: true}},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusTemporaryRedirect)
		}, lockstep.WebhookError{Status: 307}},
		"cut off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, lockstep.WebhookError{}},
		"a flood": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1<<20)) },
			lockstep.WebhookError{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sender := caller(t, Endpoint{URL: receiver(t, c.answer), AllowPrivate: true})
			err := sender.SendWebhook(t.Context(), "app", message)
			var failed *lockstep.WebhookError
			if taken := name == "taken" || name == "a flood"; taken != (err == nil) || !taken && !errors.As(err, &failed) {
				t.Fatalf("got %v", err)
			}
			if failed == nil {
				return
			}
			if failed.Reason == "" || strings.Contains(failed.Reason, "127.0.0.1") && failed.Status != 0 {
				t.Errorf("the reason is %q", failed.Reason)
			}
			failed.Reason = ""
			if *failed != c.want {
				t.Errorf("got %+v, want %+v", *failed, c.want)
			}
		})
	}
}

// TestPrivateAddressesAreNotCalled: not by address, not by a name that resolves to one,
// and not in any spelling.
func TestPrivateAddressesAreNotCalled(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 10)
	url := receiver(t, func(http.ResponseWriter, *http.Request) { called <- struct{}{} })
	port := url[strings.LastIndex(url, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]",
		"0.0.0.0", "169.254.169.254", "[64:ff9b::7f00:1]",
		"[::ffff:0:127.0.0.1]", "[::ffff:0:7f00:1]", "[::127.0.0.1]"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		err := caller(t, Endpoint{URL: "https://" + host + port + "/"}).SendWebhook(ctx, "app", message)
		cancel()
		var failed *lockstep.WebhookError
		if !errors.As(err, &failed) || !strings.Contains(failed.Reason, "public") &&
			!strings.Contains(failed.Reason, "resolved") {
			t.Errorf("%s: %v", host, err)
		}
	}
	// The refusal is the dialer's, also for plain http.
	if _, err := client(false).Post(url, "text/plain", strings.NewReader("")); !errors.Is(err, errPrivate) {
		t.Errorf("plain http: %v", err)
	}
	if len(called) > 0 {
		t.Errorf("%d calls arrived", len(called))
	}
}

func TestNoProxyIsAsked(t *testing.T) {
	t.Parallel()
	if transport := client(false).Transport.(*http.Transport); transport.Proxy != nil {
		t.Error("a proxy would resolve the name and connect by itself")
	}
}

func TestEndpointsAreCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	good := Endpoint{ID: "app", URL: "https://app.example/hook", Secrets: []lockstep.Secret{oldSecret}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Endpoint){
		"no id":             func(e *Endpoint) { e.ID = "" },
		"an id with a /":    func(e *Endpoint) { e.ID = "a/b" },
		"plain http":        func(e *Endpoint) { e.URL = "http://app.example/" },
		"no host":           func(e *Endpoint) { e.URL = "https:///x" },
		"a user name":       func(e *Endpoint) { e.URL = "https://me:secret@app.example/" },
		"another scheme":    func(e *Endpoint) { e.URL = "ftp://app.example/"; e.AllowPrivate = true },
		"no secret":         func(e *Endpoint) { e.Secrets = nil },
		"an empty secret":   func(e *Endpoint) { e.Secrets = []lockstep.Secret{"whsec_"} },
		"a short secret":    func(e *Endpoint) { e.Secrets = []lockstep.Secret{secretOf("short")} },
		"one that is short": func(e *Endpoint) { e.Secrets = []lockstep.Secret{oldSecret, secretOf("short")} },
		"no base64":         func(e *Endpoint) { e.Secrets = []lockstep.Secret{"whsec_not*base64"} },
	} {
		e := good
		change(&e)
		err := e.Validate()
		if err == nil {
			t.Errorf("%s is taken", name)
		} else if strings.Contains(err.Error(), "me:secret") || strings.Contains(err.Error(), "not*base64") {
			t.Errorf("%s: the error tells a secret: %v", name, err)
		}
	}
}

// TestReachTellsWhatIsInTheWay and sends nothing to the endpoint itself.
func TestReachTellsWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	var asked atomic.Pointer[string]
	open := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		line := r.Method + " " + r.URL.String()
		asked.Store(&line)
		w.WriteHeader(http.StatusNotFound)
	})
	selfSigned := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(selfSigned.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, c := range map[string]struct {
		endpoint Endpoint
		reason   string
	}{
		"open":     {Endpoint{URL: open + "/hook?token=hidden", AllowPrivate: true}, ""},
		"private":  {Endpoint{URL: "https://127.0.0.1:1/hook"}, "its address is not public"},
		"no name":  {Endpoint{URL: "https://nobody.invalid/hook"}, "its name could not be resolved"},
		"untested": {Endpoint{URL: selfSigned.URL + "/hook?token=hidden", AllowPrivate: true}, "certificate"},
		"closed":   {Endpoint{URL: closed.URL + "/hook?token=hidden", AllowPrivate: true}, "could not be reached"},
	} {
		err := caller(t, c.endpoint).Reach(t.Context(), "app")
		var failed *lockstep.WebhookError
		if (err == nil) != (c.reason == "") || err != nil && (!errors.As(err, &failed) || !strings.Contains(failed.Reason, c.reason)) {
			t.Errorf("%s: %v, want %q", name, err, c.reason)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: the error shows the URL: %v", name, err)
		}
	}
	if got := asked.Load(); got == nil || *got != "HEAD /" {
		t.Errorf("the server was asked for %v", got)
	}
	if err := caller(t, Endpoint{URL: open, AllowPrivate: true}).Reach(t.Context(), "other"); err == nil {
		t.Error("an unknown endpoint can be reached")
	}
}
