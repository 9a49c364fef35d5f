package httpapi_test

import (
	"bufio"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// activation reads the state of a session, without credentials.
type activation struct {
	status int
	State  string
	Plan   string
	Long   bool
}

func (k *kit) activation(sessionID string) activation {
	k.Helper()
	a := k.call("GET", "/v1/activations/"+sessionID, "", "")
	v := as[activation](k, a)
	v.status = a.status
	return v
}

// becomes waits until a session's purchase has a state.
func (k *kit) becomes(sessionID, state string) activation {
	k.Helper()
	var last activation
	k.until("the activation is "+state, func() bool { last = k.activation(sessionID); return last.State == state })
	return last
}

// page reads the page of a session.
func (k *kit) page(query string) (status int, body string, header http.Header) {
	k.Helper()
	response, err := k.client.Get(k.url + "/activate?" + query)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	var text strings.Builder
	if _, err := bufio.NewReader(response.Body).WriteTo(&text); err != nil {
		k.Fatal(err)
	}
	return response.StatusCode, text.String(), response.Header
}

// blind drops every webhook of Stripe.
func blind(k *kit) { k.sim.SetDelivery(simulator.DeliveryPolicy{Drop: 1}) }

// TestActivationIsWhatOurRecordShows: from the open session to active access, although the webhooks are lost, and
// not before our record shows it.
func TestActivationIsWhatOurRecordShows(t *testing.T) {
	t.Parallel()
	for _, plan := range []string{"pro", "life"} {
		k := start(t)
		ada := k.signUp("ada@example.com")
		blind(k)
		session := k.checkout(ada, plan)
		if now := k.activation(session.ID); now.State != "open" || now.Plan != "" {
			t.Errorf("before the payment: %+v", now)
		}
		if plan == "pro" {
			k.sim.AddFault(simulator.Fault{Side: "stripe", Method: "GET", Path: "/v1/subscriptions", Times: 1000, Status: 503})
		}
		k.pay(session.ID)
		if plan == "pro" {
			k.becomes(session.ID, "waiting")
			if _, body, _ := k.page("session_id=" + session.ID); !strings.Contains(body, `data-state="waiting"`) ||
				strings.Contains(body, "active</h1>") {
				t.Errorf("the page: %s", body)
			}
			k.sim.ClearFaults()
		}
		if now := k.becomes(session.ID, "active"); now.Plan != plan {
			t.Errorf("active: %+v", now)
		}
		if _, body, _ := k.page("session_id=" + session.ID); !strings.Contains(body, `data-state="active"`) ||
			!strings.Contains(body, `class="plan">`+plan) {
			t.Errorf("the page: %s", body)
		}
	}
}

// TestActivationOfADelayedPayment: it is processing for days, and may fail.
func TestActivationOfADelayedPayment(t *testing.T) {
	t.Parallel()
	k := start(t)
	for card, state := range map[string]string{"sepa": "active", "sepa_fail": "failed"} {
		account := k.signUp(card + "@example.com")
		session := k.checkout(account, "life")
		if err := k.sim.PayCheckout(session.ID, card); err != nil {
			t.Fatal(err)
		}
		k.becomes(session.ID, "processing")
		if _, body, _ := k.page("session_id=" + session.ID); !strings.Contains(body, "being processed") {
			t.Errorf("the page: %s", body)
		}
		k.sim.Advance(10 * 24 * time.Hour)
		k.becomes(session.ID, state)
	}
}

func TestActivationOfWhatWasNotPaid(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	first := k.checkout(ada, "pro")
	k.checkout(ada, "basic") // expires the first
	k.becomes(first.ID, "expired")
	if status, body, _ := k.page("session_id=" + first.ID); status != 200 || !strings.Contains(body, "has expired") {
		t.Errorf("the page: %d %s", status, body)
	}
}

// TestActivationTellsNothingOfOthers: another user's session id reveals no name, address or id, and an unknown
// session looks like a foreign one.
func TestActivationTellsNothingOfOthers(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada, eve := k.signUp("ada@example.com"), k.signUp("eve@example.com")
	session := k.checkout(ada, "pro")
	k.pay(session.ID)
	k.becomes(session.ID, "active")
	record, err := k.store.Account(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	a := k.call("GET", "/v1/activations/"+session.ID, k.token(eve, ""), "")
	_, page, _ := k.page("session_id=" + session.ID)
	for _, secret := range []string{ada.ID, "ada@example.com", "Lovelace", record.CustomerID, record.Subscriptions[0].ID} {
		if strings.Contains(a.body+page, secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	if access := k.call("GET", "/v1/accounts/"+eve.String()+"/access", k.token(eve, ""),
		""); !strings.Contains(access.body, `"active":false`) {
		t.Errorf("eve gained access: %s", access.body)
	}
	var answers []string
	for _, id := range []string{"cs_test_" + strings.Repeat("never", 5), "cs_test_" + strings.Repeat("never", 6),
		"cs_test_never", "cs_live_" + strings.Repeat("never", 5), "sub_1", "x", "..", "%2e%2e", "cs_test_a%27b", "cs_" +
			strings.Repeat("a", 240)} {
		for range 3 {
			status, body, header := k.page("session_id=" + id)
			if status != 404 || header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%s: %d %v", id, status, header)
			}
			answers = append(answers, strings.ReplaceAll(body, nonce(body), ""))
		}
	}
	for _, answer := range answers {
		if answer != answers[0] {
			t.Errorf("answers differ:\n%s\n%s", answer, answers[0])
		}
	}
	asked := k.sim.CountRequests(func(e simulator.Entry) bool {
		return e.Side == "stripe" && strings.HasPrefix(e.Path, "/v1/checkout/sessions/cs_") &&
			!strings.Contains(e.Path, session.ID)
	})
	if asked != 2 {
		t.Errorf("%d requests to Stripe for two well-formed ids", asked)
	}
	work, err := k.store.Backlog(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range work {
		if w.Key.Kind == lockstep.KeyCheckout && w.Key.ID != session.ID {
			t.Errorf("a guess caused work: %s", w.Key)
		}
	}
}

func nonce(body string) string {
	_, rest, _ := strings.Cut(body, `nonce="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// TestActivationOfAGuestsPayment: the account that the worker finds gets the license, by an id, an organization's
// slug or metadata, and not before.
func TestActivationOfAGuestsPayment(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	org, err := k.sim.CreateOrganization("Engines", ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, named := range []string{"client_reference_id=" + ada.ID, "client_reference_id=" + org.Slug,
		"metadata[clerkOrgId]=" + org.ID} {
		session := k.stripe("/v1/checkout/sessions", "mode=payment&line_items[0][quantity]=1&success_url=https://app.test/&line_items[0][price]="+k.prices["life"]+"&"+named)
		if now := k.activation(session); now.State != "open" {
			t.Errorf("%s, before the payment: %+v", named, now)
		}
		k.pay(session)
		if now := k.becomes(session, "active"); now.Plan != "life" {
			t.Errorf("%s: %+v", named, now)
		}
	}
}

// TestGuessingIsBounded: the number of requests to Stripe is bounded, however many ids a client tries.
func TestGuessingIsBounded(t *testing.T) {
	t.Parallel()
	k := start(t)
	began := time.Now()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for n := range 25 {
				response, err := k.client.Get(k.url + "/v1/activations/cs_test_guessguessguessguess" + string(rune('a'+worker)) +
					strings.Repeat("x", n))
				if err != nil {
					t.Error(err)
					return
				}
				if err := response.Body.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	asked := k.sim.CountRequests(func(e simulator.Entry) bool {
		return strings.HasPrefix(e.Path,
			"/v1/checkout/sessions/cs_test_guess")
	})
	if most := 21 + int(time.Since(began).Seconds()*5); asked > most {
		t.Errorf("200 guesses caused %d requests to Stripe, want at most %d", asked, most)
	}
}

// TestThePageSendsNobodyElsewhere: it redirects only to return origins, and escapes URLs.
func TestThePageSendsNobodyElsewhere(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) {
		c.Activation = server.Activation{App: `<Acme>`, ContinueURL: "https://app.test/home"}
	})
	ada := k.signUp("ada@example.com")
	session := k.checkout(ada, "pro")
	k.pay(session.ID)
	k.becomes(session.ID, "active")
	for back, want := range map[string]string{
		"":                               "https://app.test/home",
		"https://app.test/next?a=b%26c":  "https://app.test/next?a=b&amp;c",
		"https://evil.example/":          "https://app.test/home",
		"javascript:alert(1)":            "https://app.test/home",
		"https://app.test%5C@evil.test/": "https://app.test/home",
		"//evil.example":                 "https://app.test/home",
		`"><script>x</script>`:           "https://app.test/home",
	} {
		_, body, header := k.page("session_id=" + session.ID + "&return_to=" + strings.ReplaceAll(back, `"`, "%22"))
		if !strings.Contains(body, `content="1;url=`+want+`"`) || !strings.Contains(body, `class="button" href="`+want+`"`) ||
			strings.Contains(body, "evil") || strings.Contains(body, "<script>x") || strings.Contains(body, "<Acme>") {
			t.Errorf("return_to=%s: %s", back, body)
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; script-src 'nonce-"+nonce(body)) ||
			header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers: %v", header)
		}
	}
}

// TestActivationWaitsForTheDirectory: the session token may not have the access yet, but if the directory is down,
// the buyer does not wait forever.
func TestActivationWaitsForTheDirectory(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	k.sim.AddFault(simulator.Fault{Side: "clerk", Method: "PATCH", Path: "/v1/users/*/metadata", Times: 1000, Status: 503})
	session := k.checkout(ada, "pro")
	k.pay(session.ID)
	k.until("our record shows it", func() bool {
		return strings.Contains(k.call("GET", "/v1/accounts/"+ada.String()+"/access", apiKey, "").body, `"active":true`)
	})
	if now := k.activation(session.ID); now.State != "waiting" {
		t.Errorf("before the directory: %+v", now)
	}
	k.sim.ClearFaults()
	k.becomes(session.ID, "active")
	if call := k.call("POST", "/v1/accounts/"+ada.String()+"/sync", apiKey, ""); call.status != 202 {
		t.Fatal(call.body)
	}
	if now := k.activation(session.ID); now.State != "active" {
		t.Errorf("active was taken back: %+v", now)
	}
}
