package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// page is a page of the console.
type page struct {
	path  string // below /console, as a pattern of http.ServeMux
	name  string // in the menu; empty: it is not there
	title string
	file  string // its template
	live  bool   // its content changes by itself
	read  func(*visit) (any, error)
	// section is the path of the entry of the menu that the page belongs to; empty: its own path.
	section string
}

// visit is a request for a page or an action, by a person who is signed in.
type visit struct {
	*http.Request
	api     client
	session session
	title   string // of the page; read may change it
	status  int    // of the answer; read may change it
}

// get reads an operation of the API.
func (v *visit) get(path string, out any) error { return v.api.get(v.Context(), path, out) }

// refusal reads an operation of the API that a form on the page asks. An answer that the input is wrong is
// returned as sentences, and no error.
func (v *visit) refusal(path string, out any) ([]string, error) {
	err := v.get(path, out)
	var refused *apiError
	if errors.As(err, &refused) && (refused.Status == http.StatusUnprocessableEntity ||
		refused.Status == http.StatusBadRequest) {
		return said(refused), nil
	}
	return nil, err
}

// query returns a path of the API with the parameters of the request that are named and not empty. A name
// a=b takes the parameter a and calls it b.
func (v *visit) query(path string, names ...string) string {
	given, wanted := v.URL.Query(), url.Values{}
	for _, name := range names {
		if value := given.Get(name); value != "" {
			wanted.Set(name, value)
		}
	}
	if len(wanted) == 0 {
		return path
	}
	return path + "?" + wanted.Encode()
}

// visit returns the visit of a request whose session is valid.
func (s *Console) visit(r *http.Request, of session) *visit {
	return &visit{Request: r, session: of, status: http.StatusOK,
		api: client{s.API, httpapi.Operator{Name: of.Name, Role: of.Role}}}
}

// signedIn returns the visit of a request, or leads to the page to sign in.
func (s *Console) signedIn(w http.ResponseWriter, r *http.Request) (*visit, bool) {
	of, err := s.session(r)
	switch {
	case err == nil:
		return s.visit(r, of), true
	case !errors.Is(err, lockstep.ErrNotFound):
		s.fail(w, r, "read session", err)
	case r.Header.Get("Lockstep-Fragment") != "": // a live page; its script reloads it
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodGet:
		next := url.Values{"next": {local(r.URL.RequestURI())}}
		http.Redirect(w, r, httpapi.SignInPath+"?"+next.Encode(), http.StatusSeeOther)
	default:
		s.refuse(w, r, http.StatusUnauthorized, "Your session has ended. Sign in, and try again.")
	}
	return nil, false
}

// page answers a page.
func (s *Console) page(p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, in := s.signedIn(w, r)
		if !in {
			return
		}
		v.title = p.title
		data, err := p.read(v)
		if err != nil {
			s.problem(w, r, v, err)
			return
		}
		s.render(w, r, v.status, p.file, frame{Title: v.title, Section: p.belongs(), Session: &v.session, Live: p.live,
			Data: data, Said: takeFlash(w, r)})
	})
}

// problem answers an error of a page or of an action.
func (s *Console) problem(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	var refused *apiError
	if !errors.As(err, &refused) {
		s.fail(w, r, "page", err)
		return
	}
	s.render(w, r, refused.Status, "error.html", frame{Title: http.StatusText(refused.Status), Session: &v.session,
		Data: said(refused)})
}

// said returns the sentences of an answer of the API.
func said(e *apiError) (sentences []string) {
	sentences = append(sentences, e.Error())
	for _, part := range e.Errors {
		if part.Location != "" {
			part.Message = part.Location + ": " + part.Message
		}
		sentences = append(sentences, part.Message)
	}
	return sentences
}

// fail answers an error of ours, without its text.
func (s *Console) fail(w http.ResponseWriter, r *http.Request, doing string, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the browser has gone
	}
	s.Log.ErrorContext(r.Context(), "console failed", "doing", doing, "error", err)
	w.Header().Set("Retry-After", "5")
	s.refuse(w, r, http.StatusServiceUnavailable,
		"Lockstep cannot answer now, usually because its database does not respond. Its log says why. Try again soon.")
}

// refuse answers with one sentence.
func (s *Console) refuse(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	s.render(w, r, status, "error.html", frame{Title: http.StatusText(status), Data: []string{sentence}})
}

func (s *Console) notFound(w http.ResponseWriter, r *http.Request) {
	v, in := s.signedIn(w, r)
	if !in {
		return
	}
	s.render(w, r, http.StatusNotFound, "error.html", frame{Title: "Page not found", Session: &v.session,
		Data: []string{"There is no page at this address. The menu lists all pages."}})
}
