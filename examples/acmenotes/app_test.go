package acmenotes

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// tokens verifies the tokens "ada" and "admin as ada".
type tokens struct{}

func (tokens) Verify(_ context.Context, token string) (lockstep.Session, error) {
	session := lockstep.Session{UserID: "user_ada", SessionID: "sess_1", Impersonated: token == "admin as ada",
		Claims: map[string]any{"sub": "user_ada"}}
	if token != "ada" && !session.Impersonated {
		return lockstep.Session{}, errors.New("not a token")
	}
	return session, nil
}

var offers = []Offer{{ID: "pro", Key: ProPlan, Name: "Pro", Amount: 2000, Currency: "usd", Interval: "month"},
	{ID: "lifetime", Key: LifetimePlan, Name: "Lifetime", Amount: 30000, Currency: "usd"}}

// kit is the app and a browser.
type kit struct {
	*testing.T
	app     *App
	jwt     string // the session token that Clerk issues
	cookies map[string]*http.Cookie
	spent   []string // the requests that spend the user's money
	account string   // Lockstep's answer about the user; empty: 503
	person  string   // Clerk's answer about the user; empty: 500
}

func start(t *testing.T) *kit {
	t.Helper()
	k := &kit{T: t, jwt: "ada", cookies: map[string]*http.Cookie{}}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/tokens") {
			io.WriteString(w, `{"jwt":"`+k.jwt+`"}`)
			return
		}
		if r.Method == http.MethodGet {
			k.read(w, r)
			return
		}
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			k.spent = append(k.spent, r.URL.Path+" "+string(body))
		}
		io.WriteString(w, `{"url":"https://pay.example/"}`)
	}))
	t.Cleanup(api.Close)
	k.app = New(Config{URL: "https://acme.example", LockstepURL: api.URL, ClerkURL: "https://clerk.example",
		ClerkAPI: api.URL,
		Offers:   offers,
		ClerkKey: "sk_test_1", Sessions: tokens{}, HTTPClient: api.Client(), Log: slog.New(slog.DiscardHandler)})
	return k
}

// read answers what the app reads of Lockstep and of Clerk.
func (k *kit) read(w http.ResponseWriter, r *http.Request) {
	text, status := k.person, http.StatusInternalServerError
	if strings.HasPrefix(r.URL.Path, "/v1/accounts/") {
		text, status = k.account, http.StatusServiceUnavailable
	}
	if text == "" {
		w.WriteHeader(status)
	}
	io.WriteString(w, text)
}

// ask sends a request with the browser's cookies.
func (k *kit) ask(method, target, form string, headers ...string) *httptest.ResponseRecorder {
	k.Helper()
	r := httptest.NewRequestWithContext(k.Context(), method, "https://acme.example"+target, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	for _, c := range k.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	k.app.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(k.cookies, c.Name)
		} else {
			k.cookies[c.Name] = c
		}
	}
	return w
}

// signIn signs the browser in through the home page.
func (k *kit) signIn(token string) {
	k.Helper()
	k.ask("GET", "/", "")
	w := k.ask("GET", "/?state="+k.cookies[stateName].Value+"&__clerk_handshake="+url.QueryEscape(token), "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" {
		k.Fatalf("sign-in: %d %v", w.Code, w.Header())
	}
}

// TestNobodyIsSignedInByALink: only a browser that asked to sign in can be.
func TestNobodyIsSignedInByALink(t *testing.T) {
	t.Parallel()
	attacker := start(t)
	attacker.ask("GET", "/", "")
	for _, link := range []string{"/?__clerk_handshake=ada", "/?state=&__clerk_handshake=ada",
		"/?state=" + attacker.cookies[stateName].Value + "&__clerk_handshake=ada"} {
		for _, visited := range []bool{false, true} {
			victim := start(t)
			if visited {
				victim.ask("GET", "/", "")
			}
			w := victim.ask("GET", link, "")
			if w.Header().Get("Location") != "/?problem=sign-in" || victim.cookies[cookieName] != nil {
				t.Errorf("%s, visited before %t: %d %v", link, visited, w.Code, w.Header())
			}
		}
	}
	k := start(t)
	k.signIn("ada")
	if c := k.cookies[cookieName]; c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("the session's cookie is %+v", c)
	}
}

// TestWhoImpersonatesCannotBuy: the app refuses, because it calls Lockstep with its own key.
func TestWhoImpersonatesCannotBuy(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.signIn("ada")
	for _, as := range []string{"admin as ada", "ada"} {
		k.jwt, k.spent = as, nil
		for path, form := range map[string]string{"/buy": "plan=" + ProPlan, "/billing": ""} {
			w := k.ask("POST", path, form)
			refused := w.Header().Get("Location") == "/?problem=impersonated"
			if refused != (as != "ada") {
				t.Errorf("%s, %s: %d %v", as, path, w.Code, w.Header())
			}
		}
		if (len(k.spent) == 0) != (as != "ada") {
			t.Errorf("%s: the app asked Lockstep for %v", as, k.spent)
		}
	}
}

// TestOtherSitesCanDoNothing: they cannot buy, sign out, or put text into the page.
func TestOtherSitesCanDoNothing(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.signIn("ada")
	if w := k.ask("GET", "/sign-out", ""); w.Code != http.StatusMethodNotAllowed || k.cookies[cookieName] == nil {
		t.Errorf("signed out by a link: %d", w.Code)
	}
	for _, path := range []string{"/buy", "/billing", "/sign-out"} {
		if w := k.ask("POST", path, "plan="+ProPlan, "Sec-Fetch-Site: cross-site",
			"Origin: https://evil.example"); w.Code != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, w.Code)
		}
	}
	if len(k.spent) > 0 || k.cookies[cookieName] == nil {
		t.Errorf("another site did something: %v", k.spent)
	}
	w := k.ask("GET", "/?problem="+url.QueryEscape("Call 555-0100 and read us your card"), "")
	if strings.Contains(w.Body.String(), "555") || !strings.Contains(w.Header().Get("Content-Security-Policy"),
		"frame-ancestors 'none'") {
		t.Errorf("the page: %v %s", w.Header(), w.Body)
	}
	if w := k.ask("GET", "/?problem=checkout", ""); !strings.Contains(w.Body.String(), "could not start the checkout") {
		t.Errorf("a problem of ours is not shown: %s", w.Body)
	}
	k.spent = nil
	if w := k.ask("POST", "/sign-out", ""); w.Code != http.StatusSeeOther || k.cookies[cookieName] != nil {
		t.Errorf("sign out: %d", w.Code)
	}
	if want := []string{"/v1/sessions/sess_1/revoke {}"}; !slices.Equal(k.spent, want) {
		t.Errorf("signing out asked for %q, want %q: else Clerk signs the browser in again", k.spent, want)
	}
}
