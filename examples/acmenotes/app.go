package acmenotes

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Config says where the app and the services that it uses are.
type Config struct {
	URL         string // of the app, as a browser sees it
	LockstepURL string
	LockstepKey lockstep.Secret // LOCKSTEP_API_KEY
	ClerkURL    string          // Clerk's hosted pages
	ClerkAPI    string          // Clerk's Backend API
	ClerkKey    lockstep.Secret
	Sessions    lockstep.Sessions // verifies session tokens
	StripePages string            // origins of Stripe's hosted pages; empty: those of Stripe
	Offers      []Offer           // what the app sells
	HTTPClient  *http.Client
	Log         *slog.Logger

	Style, Icon string // CSS and SVG; empty: the app's own

	// Links for developers; empty: not shown.
	ConsoleURL, MailURL, SimulatorURL string
}

//go:embed pages
var pages embed.FS

var templates = template.Must(template.ParseFS(pages, "pages/*.html"))

// App is the app, as an [http.Handler].
type App struct {
	Config
	mux http.ServeMux
}

// New returns the app.
func New(c Config) *App {
	c.StripePages = cmp.Or(c.StripePages, "https://checkout.stripe.com https://billing.stripe.com")
	a := &App{Config: c}
	a.mux.HandleFunc("GET /{$}", a.home)
	a.mux.HandleFunc("POST /buy", a.buy)
	a.mux.HandleFunc("POST /billing", a.billing)
	a.mux.HandleFunc("POST /sign-out", a.signOut)
	a.mux.HandleFunc("GET /style.css", file("text/css; charset=utf-8", cmp.Or(c.Style, own("style.css"))+own("app.css")))
	a.mux.HandleFunc("GET /icon.svg", file("image/svg+xml", cmp.Or(c.Icon, own("icon.svg"))))
	return a
}

// own returns a file of the app.
func own(name string) string {
	text, err := pages.ReadFile("pages/" + name)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return string(text)
}

// file serves a file that does not change while the app runs.
func file(kind, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "max-age=60")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
	}
}

// ServeHTTP rejects forms from other sites, and keeps other sites from showing our pages in a frame.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Buying and billing are forms that redirect to Stripe's pages, so form-action must name them.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; "+
		"form-action 'self' "+a.StripePages+"; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "same-origin") // a URL may contain a Clerk token
	http.NewCrossOriginProtection().Handler(&a.mux).ServeHTTP(w, r)
}

func (a *App) home(w http.ResponseWriter, r *http.Request) {
	if token := r.URL.Query().Get("__clerk_handshake"); token != "" {
		a.signIn(w, r, token)
		return
	}
	back := "?redirect_url=" + url.QueryEscape(a.URL+"/?state="+a.state(w, r))
	page := homePage{Config: a.Config, SignUp: a.ClerkURL + "/sign-up" + back, SignIn: a.ClerkURL + "/sign-in" + back,
		Profile: a.ClerkURL + "/user" + back, Problem: problems[r.URL.Query().Get("problem")]}
	if id := a.sessionID(r); id != "" {
		session, err := a.session(r.Context(), id)
		if err != nil {
			a.Log.Warn("session ended", "error", err)
			clearCookie(w)
		} else if err := a.describe(r.Context(), session, &page); err != nil {
			a.fail(w, "page", err)
			return
		}
	}
	if page.Updating() {
		w.Header().Set("Refresh", "2")
	}
	a.show(w, "home.html", page)
}

// describe fills in what the page shows of a signed-in user.
func (a *App) describe(ctx context.Context, session lockstep.Session, page *homePage) error {
	page.UserID = session.UserID
	page.TokenPlan, _ = session.Claims["plan"].(string)
	text, err := json.MarshalIndent(session.Claims, "", "  ")
	if err != nil {
		return err
	}
	page.Claims = string(text)
	if page.User, err = a.user(ctx, session.UserID); err != nil {
		a.Log.Warn("user not read", "error", err) // the page then shows the id only
	}
	page.Account, err = a.account(ctx, session.UserID)
	switch {
	case notYet(err):
		page.Waiting = true
	case err != nil:
		a.Log.Error("access not read", "error", err)
		page.Problem = problems["access"]
	}
	return nil
}

// buy starts a checkout for the signed-in user, and sends them there.
func (a *App) buy(w http.ResponseWriter, r *http.Request) {
	user, ok := a.signedIn(w, r)
	if !ok {
		return
	}
	key := r.PostFormValue("plan")
	if !slices.ContainsFunc(a.Offers, func(o Offer) bool { return o.Key == key }) {
		http.Error(w, "plan: it is not for sale", http.StatusBadRequest)
		return
	}
	var session struct {
		URL string `json:"url"`
	}
	err := a.lockstep(r.Context(), http.MethodPost, "/v1/checkout", map[string]any{
		"account": "user/" + user, "lookup_key": key,
		"success_url": a.LockstepURL + "/activate?session_id={CHECKOUT_SESSION_ID}&return_to=" + url.QueryEscape(a.URL+"/"),
		"cancel_url":  a.URL + "/",
	}, &session)
	if err != nil {
		a.fail(w, "checkout", err)
		return
	}
	http.Redirect(w, r, session.URL, http.StatusSeeOther)
}

// billing sends the signed-in user to the billing portal.
func (a *App) billing(w http.ResponseWriter, r *http.Request) {
	user, ok := a.signedIn(w, r)
	if !ok {
		return
	}
	var portal struct {
		URL string `json:"url"`
	}
	err := a.lockstep(r.Context(), http.MethodPost, "/v1/portal",
		map[string]any{"account": "user/" + user, "return_url": a.URL + "/"}, &portal)
	if err != nil {
		a.fail(w, "billing", err)
		return
	}
	http.Redirect(w, r, portal.URL, http.StatusSeeOther)
}

// signedIn returns the user, or sends the browser to the home page. Both callers spend the user's money
// with the app's API key, so Lockstep cannot see who acts. Therefore it refuses someone who impersonates
// the user.
func (a *App) signedIn(w http.ResponseWriter, r *http.Request) (user string, ok bool) {
	if id := a.sessionID(r); id != "" {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		session, err := a.session(ctx, id)
		switch {
		case err == nil && session.Impersonated:
			http.Redirect(w, r, "/?problem=impersonated", http.StatusSeeOther)
			return "", false
		case err == nil:
			return session.UserID, true
		}
		a.Log.Warn("session ended", "error", err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return "", false
}

// show renders to memory first, so that a browser never gets half a page.
func (a *App) show(w http.ResponseWriter, name string, page any) {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, page); err != nil {
		a.fail(w, "page", err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := out.WriteTo(w); err != nil {
		a.Log.Debug("browser left", "error", err)
	}
}

// problems maps a code in the URL to the message on the home page. A message in the URL itself would let
// anyone show their own text.
var problems = map[string]string{
	"sign-in":      "We could not sign you in. Please try again.",
	"page":         "We could not show the page. See the log in the terminal.",
	"checkout":     "We could not start the checkout. See the log in the terminal.",
	"billing":      "We could not open the billing portal. See the log in the terminal.",
	"access":       "We could not read your access. See the log in the terminal.",
	"impersonated": "You are impersonating this user. You can look, but not buy.",
}

// fail logs an error and redirects to the home page with the code of the problem.
func (a *App) fail(w http.ResponseWriter, problem string, err error) {
	a.Log.Error("request failed", "problem", problem, "error", err)
	http.Redirect(w, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}}, "/?problem="+problem,
		http.StatusSeeOther)
}
