package activation

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed page.html
var source string

var page = template.Must(template.New("activate").Parse(source))

// view is what the page shows.
type view struct {
	Activation
	App      string
	Nonce    string
	Events   string // URL of the stream, beside the page wherever that is mounted; empty: there is nothing to wait for
	Continue string // where it goes on to; empty: nowhere
	Reload   int    // seconds after which a page without a script looks again; 0: never
	Unknown  bool
	Busy     bool
}

// Page answers GET /activate?session_id=cs_…&return_to=https://app.example/…
//
// Without a script it looks again by itself; with one it listens. When access is
// active it goes on to return_to, if that is at one of the return origins, or to the
// configured URL.
func (a *Activations) Page(w http.ResponseWriter, r *http.Request) {
	id, token := r.URL.Query().Get("session_id"), r.URL.Query().Get(TokenParameter)
	v := view{App: a.App, Nonce: rand.Text(), Continue: a.ContinueURL}
	if back := r.URL.Query().Get("return_to"); back != "" && a.MayReturn(back) {
		v.Continue = back
	}
	status := http.StatusOK
	var err error
	switch v.Activation, err = a.Of(r.Context(), id, token); {
	case errors.Is(err, ErrUnknown):
		v.Unknown, status = true, http.StatusNotFound
	case err != nil:
		if !errors.Is(err, ErrBusy) {
			a.Log.ErrorContext(r.Context(), "look at an activation", "error", err)
		}
		v.Busy, v.Reload, status = true, 3, http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "3")
	case !v.State.Final():
		v.Events, v.Reload = "v1/activations/"+url.PathEscape(id)+"/events"+query(token), 2
	}
	var out bytes.Buffer
	if err := page.Execute(&out, v); err != nil {
		a.Log.ErrorContext(r.Context(), "render the activation page", "error", err)
		http.Error(w, "something went wrong here", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the URL holds the session's id
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+v.Nonce+"'; style-src 'nonce-"+v.Nonce+
		"'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	if _, err := out.WriteTo(w); err != nil {
		a.Log.DebugContext(r.Context(), "browser left", "error", err)
	}
}
