package clerksim

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/page"
)

// sessionCookie keeps a browser signed in at the simulator. The name must be
// unique, because all ports of a host share their cookies.
const sessionCookie = "lockstep_simulator_session"

// handshakeParameter carries the session token back to the application. A real
// development instance does the same, since its cookies are on another host.
const handshakeParameter = "__clerk_handshake"

// hostedPages serves sign-up, sign-in, sign-out, the account, organizations and
// invitations. It refuses a POST from a page of another site.
func (c *Clerk) hostedPages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sign-up", c.signUpPage)
	mux.HandleFunc("POST /sign-up", c.signUpPost)
	mux.HandleFunc("GET /sign-in", c.signInPage)
	mux.HandleFunc("POST /sign-in", c.signInPost)
	mux.HandleFunc("GET /sign-out", c.signOut)
	mux.HandleFunc("GET /user", c.accountPage)
	mux.HandleFunc("POST /user", c.accountPost)
	mux.HandleFunc("GET /organization/{id}", c.organizationPage)
	mux.HandleFunc("POST /organization/{id}", c.organizationPost)
	mux.HandleFunc("GET /accept-invitation", c.invitationPage)
	mux.HandleFunc("POST /accept-invitation", c.invitationPost)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"), Heading: "Page not found",
			Text: "This is a simulated Clerk. The Backend API is under /v1/ and the controls are at /_sim.", Link: "/_sim",
			LinkTo: "Open the controls"})
	})
	return c.gate.Wrap(http.NewCrossOriginProtection().Handler(c.checkRedirect(mux)))
}

func frame(title string) page.Frame { return page.Frame{Title: title, Provider: "Clerk"} }

// checkRedirect refuses a redirect_url to another machine, because the redirect
// carries a session token.
func (c *Clerk) checkRedirect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.URL.Query().Get("redirect_url")
		if target != "" && !c.mayRedirect(target) {
			page.WriteNotice(w, http.StatusBadRequest, page.Notice{Frame: frame("Redirect refused"),
				Heading: "This redirect is not allowed",
				Text: "The redirect carries a session token. So redirect_url must be an http or https URL on this machine " +
					"(localhost or a loopback address), or on a host that the simulator's configuration allows."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// absolute reports whether a text is an absolute http(s) URL.
func absolute(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}

func (c *Clerk) mayRedirect(target string) bool {
	parsed, err := url.Parse(target)
	if err != nil || !absolute(target) || parsed.User != nil {
		return false
	}
	if page.Loopback(parsed.Hostname()) {
		return true
	}
	for _, allowed := range c.config.RedirectHosts {
		if allowed == parsed.Host || allowed == parsed.Hostname() {
			return true
		}
	}
	return false
}

// signedIn returns the session of the browser's cookie, or nil. Call it under the
// lock.
func (c *Clerk) signedIn(r *http.Request) *Session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	session := c.session(cookie.Value)
	if session == nil || !session.live() || c.user(session.User) == nil {
		return nil
	}
	return session
}

// finish signs the browser in. It redirects to redirect_url with a fresh token, or
// to the account page.
func (c *Clerk) finish(w http.ResponseWriter, r *http.Request, sessionID string) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: sessionID, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteLaxMode})
	target := r.URL.Query().Get("redirect_url")
	if target == "" {
		http.Redirect(w, r, "/user", http.StatusSeeOther)
		return
	}
	parsed, err := url.Parse(target)
	if err != nil {
		http.Redirect(w, r, "/user", http.StatusSeeOther)
		return
	}
	var token string
	c.world.Change(func() {
		session := c.session(sessionID)
		if session == nil {
			err = noSession(sessionID)
			return
		}
		token, err = c.token(session, parsed.Scheme+"://"+parsed.Host, tokenLifetime)
	})
	if err != nil {
		page.WriteNotice(w, http.StatusBadRequest, page.Notice{Frame: frame("Sign-in failed"), Heading: "Sign-in failed",
			Text: err.Error(), Link: "/sign-out", LinkTo: "Sign out"})
		return
	}
	query := parsed.Query()
	query.Set(handshakeParameter, token)
	parsed.RawQuery = query.Encode()
	w.Header().Set("Location", parsed.String())
	w.WriteHeader(http.StatusSeeOther)
}

// signOut ends the browser's session. It is a GET, so that an app can link to it.
func (c *Clerk) signOut(w http.ResponseWriter, r *http.Request) {
	c.world.Change(func() {
		if session := c.signedIn(r); session != nil {
			c.finishSession(session, ended)
		}
	})
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true,
		SameSite: http.SameSiteLaxMode})
	target := r.URL.Query().Get("redirect_url")
	if target == "" {
		target = "/sign-in"
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

// plain returns the part of an error that a person should read.
func plain(err error) string {
	var failure *api.Error
	if errors.As(err, &failure) {
		return failure.LongMessage()
	}
	return err.Error()
}

func trimmed(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
