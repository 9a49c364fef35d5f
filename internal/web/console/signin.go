package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// clerkCookie has the session token of a Clerk app on the same host.
const clerkCookie = "__session"

// signInData is the content of the page to sign in.
type signInData struct {
	Link    string // a link's secret, to send with the form
	Clerk   bool   // a Clerk session can sign in
	Refused string // why the last try failed
	Next    string // where to go afterwards, below /console
}

// signInPage shows a button for a link: programs that preview links must not use them up. Someone with a Clerk
// session on this host gets in at once.
func (s *Console) signInPage(w http.ResponseWriter, r *http.Request) {
	data := signInData{Link: r.URL.Query().Get(httpapi.LinkParameter), Clerk: len(s.Grants) > 0,
		Next: local(r.URL.Query().Get("next"))}
	if cookie, err := r.Cookie(clerkCookie); err == nil && data.Link == "" && data.Clerk && fromHere(r) {
		name, role, _ := s.granted(r, cookie.Value)
		if role != "" && s.enter(w, r, name, role, clerkSessionFor) == nil {
			http.Redirect(w, r, orRoot(data.Next), http.StatusSeeOther)
			return
		}
		data.Refused = "Your Clerk session does not give you a role in the console."
	}
	s.showSignIn(w, r, http.StatusOK, data)
}

// fromHere reports whether this host's own page, or a person, opened the page. Another site must not start
// a session.
func fromHere(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "none" || site == "same-origin"
}

// signIn takes a link.
func (s *Console) signIn(w http.ResponseWriter, r *http.Request) {
	data := signInData{Clerk: len(s.Grants) > 0, Next: local(r.PostFormValue("next"))}
	client := clients.Of(r.Context())
	pass, err := s.takeLink(r.Context(), lockstep.HashConsolePass(r.PostFormValue(httpapi.LinkParameter)))
	switch {
	case err == nil:
		if err = s.enter(w, r, pass.Name, pass.Role, sessionFor); err == nil {
			http.Redirect(w, r, orRoot(data.Next), http.StatusSeeOther)
			return
		}
		s.fail(w, r, "sign in", err)
	case !errors.Is(err, lockstep.ErrNotFound):
		s.fail(w, r, "sign in", err)
	case !s.limit.Allow(client):
		data.Refused = "Too many wrong links came from your address. Wait a minute, then open a new link."
		s.showSignIn(w, r, http.StatusTooManyRequests, data)
	default:
		data.Refused = "This link was used before, or is older than 10 minutes. Create a new one."
		s.showSignIn(w, r, http.StatusForbidden, data)
	}
}

// takeLink uses up a link. It reads first: strangers must not cause writes.
func (s *Console) takeLink(ctx context.Context, hash string) (lockstep.ConsolePass, error) {
	pass, err := s.Store.ConsolePass(ctx, hash)
	switch {
	case err != nil:
		return pass, err
	case !pass.Once: // a session
		return pass, lockstep.ErrNotFound
	}
	return s.Store.TakeConsolePass(ctx, hash)
}

// clerkSignIn takes a session token that the app's page sends. The answer is a page and not a redirect,
// because browsers send a strict cookie only after a step on this site.
func (s *Console) clerkSignIn(w http.ResponseWriter, r *http.Request) {
	data := signInData{Clerk: true, Refused: "Your Clerk session does not give you a role in the console."}
	origin := r.Header.Get("Origin")
	own := strings.TrimPrefix(strings.TrimPrefix(origin, "https://"), "http://") == r.Host
	switch {
	case !own && !slices.Contains(s.Origins, origin):
		data.Refused = "Only the pages in return_origins can send a session token."
		s.showSignIn(w, r, http.StatusForbidden, data)
		return
	case len(s.Grants) == 0 || s.Sessions == nil:
		data.Clerk, data.Refused = false, "Nobody can sign in with Clerk: console_roles is empty."
		s.showSignIn(w, r, http.StatusForbidden, data)
		return
	}
	name, role, err := s.granted(r, r.PostFormValue("session_token"))
	if err != nil && !s.limit.Allow(clients.Of(r.Context())) {
		data.Refused = "Too many wrong session tokens came from your address. Wait a minute."
		s.showSignIn(w, r, http.StatusTooManyRequests, data)
		return
	}
	if role == "" {
		s.showSignIn(w, r, http.StatusForbidden, data)
		return
	}
	if err := s.enter(w, r, name, role, clerkSessionFor); err != nil {
		s.fail(w, r, "sign in", err)
		return
	}
	s.render(w, r, http.StatusOK, "entered.html", frame{Title: "Signed in", Refresh: root})
}

// granted returns who a session token is of, and the highest role that they have; an empty role for none. The
// error says that the token is not valid.
func (s *Console) granted(r *http.Request, token string) (name string, role lockstep.ConsoleRole, err error) {
	if s.Sessions == nil {
		return "", "", errors.New("no session tokens are accepted")
	}
	of, err := s.Sessions.Verify(r.Context(), token)
	if err != nil {
		return "", "", err
	}
	for _, g := range s.Grants {
		if g.Fits(of) && (role == "" || g.Role == lockstep.ConsoleOperator) {
			role = g.Role
		}
	}
	return of.UserID, role, nil
}

// enter records that someone signs in, and starts the session.
func (s *Console) enter(w http.ResponseWriter, r *http.Request, name string, role lockstep.ConsoleRole,
	lasts time.Duration) error {
	ctx, cancel := context.WithTimeout(r.Context(), 8*time.Second)
	defer cancel()
	subject := audit.Object("console", name)
	return s.audit.Do(ctx, audit.Action{Actor: "console/" + name, Name: "sign-in", Subjects: []audit.Subject{subject}},
		func(trail *audit.Trail) error {
			trail.Done(subject, nil, audit.Facts{"role": role})
			return s.begin(w, r.WithContext(ctx), name, role, lasts)
		})
}

// signOut ends the session.
func (s *Console) signOut(w http.ResponseWriter, r *http.Request) {
	if of, err := s.session(r); err == nil && !of.genuine(r) {
		s.refuse(w, r, http.StatusForbidden, "The form is out of date. Go back, reload the page, and try again.")
		return
	}
	if err := s.end(w, r); err != nil {
		s.fail(w, r, "sign out", err)
		return
	}
	http.Redirect(w, r, httpapi.SignInPath, http.StatusSeeOther)
}

func (s *Console) showSignIn(w http.ResponseWriter, r *http.Request, status int, data signInData) {
	s.render(w, r, status, "sign_in.html", frame{Title: "Sign in", Data: data})
}

// local returns a path below /console, or nothing: a link must not lead elsewhere.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, root) || strings.Contains(path, `\`) {
		return ""
	}
	if rest := u.Path[len(root):]; rest != "" && rest[0] != '/' {
		return ""
	}
	return u.RequestURI()
}

func orRoot(path string) string {
	if path == "" {
		return root
	}
	return path
}
