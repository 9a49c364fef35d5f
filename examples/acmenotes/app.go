package acmenotes

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Config is where the application finds everything.
type Config struct {
	URL         string          // its own, as a browser sees it
	LockstepURL string          // of the service
	LockstepKey lockstep.Secret // LOCKSTEP_API_KEY
	ClerkURL    string          // of Clerk's hosted pages
	ClerkAPI    string          // of Clerk's Backend API
	ClerkKey    lockstep.Secret
	Sessions    lockstep.Sessions // verifies session tokens
	HTTPClient  *http.Client
	Log         *slog.Logger
}

// Products are the lookup keys of what the application sells.
const (
	ProPlan      = "pro_monthly"
	LifetimePlan = "lifetime"
)

//go:embed pages/*.html
var pages embed.FS

var templates = template.Must(template.ParseFS(pages, "pages/*.html"))

// App is the application.
type App struct {
	Config
	mux http.ServeMux
}

// New returns the application.
func New(c Config) *App {
	a := &App{Config: c}
	a.mux.HandleFunc("GET /{$}", a.home)
	a.mux.HandleFunc("POST /buy", a.buy)
	a.mux.HandleFunc("POST /billing", a.billing)
	a.mux.HandleFunc("POST /sign-out", a.signOut)
	return a
}

// ServeHTTP answers a browser. A form that comes from another site is refused, and no other
// site can show our pages in a frame.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "same-origin") // a URL may hold a token of Clerk's
	http.NewCrossOriginProtection().Handler(&a.mux).ServeHTTP(w, r)
}

// homePage is what the home page shows.
type homePage struct {
	SignUp, SignIn, Profile string
	SignedIn                bool
	User                    string
	Plan                    string // as the session token's claim says
	Claims                  string
	Access                  *access
	Waiting                 bool // Lockstep cannot say yet what the user has
	Problem                 string
}

func (a *App) home(w http.ResponseWriter, r *http.Request) {
	if token := r.URL.Query().Get("__clerk_handshake"); token != "" {
		a.signIn(w, r, token)
		return
	}
	back := "?redirect_url=" + url.QueryEscape(a.URL+"/?state="+a.state(w, r))
	page := homePage{SignUp: a.ClerkURL + "/sign-up" + back, SignIn: a.ClerkURL + "/sign-in" + back,
		Profile: a.ClerkURL + "/user" + back, Problem: problems[r.URL.Query().Get("problem")]}
	if id := a.sessionID(r); id != "" {
		session, err := a.session(r.Context(), id)
		if err != nil {
			a.Log.Warn("session is over", "error", err)
			clearCookie(w)
		} else {
			page.SignedIn, page.User = true, session.UserID
			page.Plan, _ = session.Claims["plan"].(string)
			text, err := json.MarshalIndent(session.Claims, "", "  ")
			if err != nil {
				a.fail(w, "page", err)
				return
			}
			page.Claims = string(text)
			if page.Access, err = a.access(r.Context(), page.User); notYet(err) {
				// Nothing is wrong with the user: look again instead of showing an error.
				page.Waiting = true
				w.Header().Set("Refresh", "2")
			} else if err != nil {
				a.Log.Error("read access", "error", err)
				page.Problem = problems["access"]
			}
		}
	}
	a.show(w, "home.html", page)
}

// buy begins a checkout for whoever is signed in, and sends them there.
func (a *App) buy(w http.ResponseWriter, r *http.Request) {
	user, ok := a.signedIn(w, r)
	if !ok {
		return
	}
	key := r.PostFormValue("plan")
	if key != ProPlan && key != LifetimePlan {
		http.Error(w, "we do not sell that", http.StatusBadRequest)
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

// billing sends whoever is signed in to the billing portal.
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

// signedIn returns the user, or sends the browser to the home page. Both callers spend the
// user's money with the app's own API key, so Lockstep cannot see who acts: whoever impersonates
// the user is refused here.
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
		a.Log.Warn("session is over", "error", err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return "", false
}

// show renders to memory first, so that there is never half a page.
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

// problems are what the home page may say, by a code: a text from the URL would let anybody
// put words into our mouth.
var problems = map[string]string{
	"sign-in":      "We could not sign you in. Please try again.",
	"page":         "We could not show the page. The terminal says why.",
	"checkout":     "We could not start the checkout. The terminal says why.",
	"billing":      "We could not open the billing portal. The terminal says why.",
	"access":       "We could not read your access. The terminal says why.",
	"impersonated": "You are impersonating this user. You can look, but not buy.",
}

// fail logs an error and shows the problem with the given code.
func (a *App) fail(w http.ResponseWriter, problem string, err error) {
	a.Log.Error("request failed", "problem", problem, "error", err)
	http.Redirect(w, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}}, "/?problem="+problem,
		http.StatusSeeOther)
}
