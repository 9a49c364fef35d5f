package server_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

const (
	stripeSecret = lockstep.Secret("whsec_c3RyaXBl")
	clerkSecret  = lockstep.Secret("whsec_Y2xlcms=")
)

// receiver returns the handler of a server that does no background work. change may change its
// configuration.
func receiver(t *testing.T, change ...func(*server.Config)) http.Handler {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	config := server.Config{Store: store, Log: slog.New(slog.DiscardHandler),
		HTTP: server.HTTP{APIKey: "a-key-of-this-test-of-32-characters", ReturnOrigins: []string{"https://app.test"}},
		Stripe: server.Stripe{Key: "sk_test_1", BaseURL: "http://127.0.0.1:1",
			WebhookSecrets: []lockstep.Secret{stripeSecret}},
		Clerk: server.Clerk{Key: "sk_test_1", BaseURL: "http://127.0.0.1:1", Issuer: "http://127.0.0.1:1",
			WebhookSecrets: []lockstep.Secret{clerkSecret}}}
	for _, c := range change {
		c(&config)
	}
	s, err := server.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler()
}

func stripeEvent(id, kind string) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","type":%q,"livemode":false,"created":1,"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_1"}}}`, id, kind)
}

func clerkEvent(kind string) string {
	return fmt.Sprintf(`{"data":{"id":"user_1","object":"user"},"object":"event","type":%q,"timestamp":1700000000000,"instance_id":"ins_1"}`, kind)
}

// delivered returns a signed delivery. The id is that of Clerk's message.
func delivered(t *testing.T, source lockstep.Source, path, id, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	if source == lockstep.Stripe {
		r.Header.Set(stripebilling.SignatureHeader, stripebilling.Sign([]byte(body), stripeSecret, time.Now()))
		return r
	}
	header, err := clerkdirectory.Sign(id, []byte(body), clerkSecret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	return r
}

func answered(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// TestWebhooksAreReceivedAtTheirPaths: at the configured paths, and nowhere else.
func TestWebhooksAreReceivedAtTheirPaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stripe, clerk string }{
		{"", ""},
		{"/stripe", "/clerk"},
		{"/api/webhook", ""},
		{"/api/webhooks/payment", "/api/webhooks/clerk"},
		{"/webhooks/clerk", "/webhooks/stripe"},
		{"/Hooks_1/v1.stripe~x-y", "/api/webhooks/user.created"},
	} {
		handler := receiver(t, func(config *server.Config) {
			config.Stripe.WebhookPath, config.Clerk.WebhookPath = c.stripe,
				c.clerk
		})
		at := map[lockstep.Source]string{lockstep.Stripe: c.stripe, lockstep.Clerk: c.clerk}
		if c.stripe == "" {
			at[lockstep.Stripe] = "/webhooks/stripe"
		}
		if c.clerk == "" {
			at[lockstep.Clerk] = "/webhooks/clerk"
		}
		body := map[lockstep.Source]string{lockstep.Stripe: stripeEvent("evt_1", "invoice.paid"),
			lockstep.Clerk: clerkEvent("user.updated")}
		for source, path := range at {
			for target, want := range map[string]int{path: 200, path + "/": 404, path + "/more": 404, strings.ToUpper(path): 404,
				"/webhooks/other": 404, "/": 405} {
				if w := answered(handler, delivered(t, source, target, "msg_1", body[source])); w.Code != want {
					t.Errorf("%+v: %s's delivery to %s is answered %d, want %d", c, source, target, w.Code, want)
				}
			}
			if w := answered(handler, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path,
				http.NoBody)); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%+v: GET %s is answered %d", c, path, w.Code)
			}
		}
		for source, of := range map[lockstep.Source]lockstep.Source{lockstep.Stripe: lockstep.Clerk,
			lockstep.Clerk: lockstep.Stripe} {
			if w := answered(handler, delivered(t, source, at[of], "msg_1", body[source])); w.Code != http.StatusBadRequest {
				t.Errorf("%+v: %s's delivery to the path of %s is answered %d", c, source, of, w.Code)
			}
		}
	}
}

// TestAWebhookPathThatCannotBeIsRefused: Validate names the setting.
func TestAWebhookPathThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"stripe":           "is not a path",
		"/":                "is not a path",
		"/stripe/":         "is not a path",
		"/api//webhook":    "is not a path",
		"/api/../webhook":  "is not a path",
		"/{id}":            "is not a path",
		"/api/web hook":    "is not a path",
		"/api/webhook?a=b": "is not a path",
		"/api/%73tripe":    "is not a path",
		"https://a.test/x": "is not a path",
		"/v1/stripe":       "is under Lockstep's own /v1",
		"/metrics":         "is under Lockstep's own /metrics",
		"/livez/stripe":    "is under Lockstep's own /livez",
		"/activate":        "is under Lockstep's own /activate",
	} {
		for setting, config := range map[string]server.Config{
			"stripe_webhook_path": {Stripe: server.Stripe{WebhookPath: path}},
			"clerk_webhook_path":  {Clerk: server.Clerk{WebhookPath: path}},
		} {
			if err := config.Validate(); err == nil || !strings.Contains(err.Error(),
				fmt.Sprintf("%s: %q %s", setting, path, want)) {
				t.Errorf("%s %q: %v, want %q", setting, path, err, want)
			}
		}
	}
	same := server.Config{Stripe: server.Stripe{WebhookPath: "/hook"}, Clerk: server.Clerk{WebhookPath: "/hook"}}
	if err := same.Validate(); err == nil || !strings.Contains(err.Error(),
		"clerk_webhook_path: \"/hook\" is also Stripe's webhook path") {
		t.Errorf("one path for both: %v", err)
	}
}

// TestADeliveryIsAnsweredSuccess: byte for byte what senders' dashboards and other tests expect, whether the
// event is new, known or unused.
func TestADeliveryIsAnsweredSuccess(t *testing.T) {
	t.Parallel()
	handler := receiver(t)
	for _, c := range []struct {
		what, path, id, body string
		source               lockstep.Source
	}{
		{"a new event", "/webhooks/stripe", "", stripeEvent("evt_1", "invoice.paid"), lockstep.Stripe},
		{"the same again", "/webhooks/stripe", "", stripeEvent("evt_1", "invoice.paid"), lockstep.Stripe},
		{"a type of no use", "/webhooks/stripe", "", stripeEvent("evt_2", "radar.early_fraud_warning.created"),
			lockstep.Stripe},
		{"the other mode", "/webhooks/stripe", "", strings.Replace(stripeEvent("evt_3", "invoice.paid"), "false", "true", 1),
			lockstep.Stripe},
		{"a thin event", "/webhooks/stripe", "", `{"id":"evt_4","object":"v2.core.event","type":"v1.invoice.paid","livemode":false,"created":"2000-01-01T00:00:00.000Z","related_object":{"id":"in_1","type":"invoice","url":"/v1/invoices/in_1"}}`, lockstep.Stripe},
		{"a user's change", "/webhooks/clerk", "msg_1", clerkEvent("user.updated"), lockstep.Clerk},
		{"the same message again", "/webhooks/clerk", "msg_1", clerkEvent("user.updated"), lockstep.Clerk},
		{"a message of no use", "/webhooks/clerk", "msg_2", clerkEvent("session.created"), lockstep.Clerk},
	} {
		w := answered(handler, delivered(t, c.source, c.path, c.id, c.body))
		if w.Code != http.StatusOK || w.Body.String() != `{"status":"success"}` ||
			w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s is answered %d %s as %s", c.what, w.Code, w.Body, w.Header().Get("Content-Type"))
		}
	}
	for what, body := range map[string]string{"no event": `{"object":"event"}`, "no JSON": "invoice.paid", "nothing": ""} {
		if w := answered(handler, delivered(t, lockstep.Stripe, "/webhooks/stripe", "",
			body)); w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "success") {
			t.Errorf("%s is answered %d %s", what, w.Code, w.Body)
		}
	}
}

// TestABrowsersHeadersDoNotRefuseADelivery: the signature decides, whatever headers the sender, a proxy or a
// tunnel adds.
func TestABrowsersHeadersDoNotRefuseADelivery(t *testing.T) {
	t.Parallel()
	handler := receiver(t)
	for n, headers := range [][]string{
		{"Origin: https://dashboard.stripe.com", "Sec-Fetch-Site: cross-site"},
		{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: empty"},
		{"Origin: null", "Sec-Fetch-Site: same-site"},
		{"Sec-Fetch-Site: cross-site"},
		{"Origin: https://app.test", "Sec-Fetch-Site: same-origin"},
		{"Origin: https://app.test", "Access-Control-Request-Method: POST"},
		{"Origin: https://tunnel.example", "X-Forwarded-Host: tunnel.example", "Referer: https://tunnel.example/"},
		{"Content-Type: application/x-www-form-urlencoded", "Origin: https://evil.example"},
	} {
		for source, path := range map[lockstep.Source]string{lockstep.Stripe: "/webhooks/stripe",
			lockstep.Clerk: "/webhooks/clerk"} {
			body := clerkEvent("user.updated")
			if source == lockstep.Stripe {
				body = stripeEvent(fmt.Sprint("evt_", n), "invoice.paid")
			}
			r := delivered(t, source, path, fmt.Sprint("msg_", n), body)
			for _, header := range headers {
				name, value, _ := strings.Cut(header, ": ")
				r.Header.Set(name, value)
			}
			if w := answered(handler, r); w.Code != http.StatusOK || w.Body.String() != `{"status":"success"}` {
				t.Errorf("%s's delivery with %v is answered %d %s", source, headers, w.Code, w.Body)
			}
		}
	}
}
