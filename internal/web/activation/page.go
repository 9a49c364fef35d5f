package activation

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"github.com/lockstep-dev/lockstep/internal/look"
)

//go:embed page.html
var source string

var page = template.Must(template.New("activate").Parse(source))

// The page brings its style sheet and its icon, because it may be mounted below any path, and a buyer sees
// it once.
//
//nolint:gosec // our own files
var (
	style = template.CSS(look.Style)
	icon  = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(look.Icon)))
)

// view is the content of the page.
type view struct {
	Activation
	App      string
	Nonce    string
	Style    template.CSS
	Icon     template.URL
	Events   string // URL of the event stream, relative to the page; empty if there is nothing to wait for
	Continue string // where the page sends the buyer; may be empty
	Reload   int    // seconds after which a page without a script reloads; 0 means never
	Unknown  bool
	Busy     bool
}

// Page answers GET /activate?session_id=cs_…&return_to=https://app.example/…
//
// With scripts the page follows the event stream; without, it reloads. Once access is active, it sends
// the buyer to return_to if that is at one of the return origins, else to the configured URL.
func (a *Activations) Page(w http.ResponseWriter, r *http.Request) {
	id, token := r.URL.Query().Get("session_id"), r.URL.Query().Get(TokenParameter)
	v := view{App: a.App, Nonce: rand.Text(), Style: style, Icon: icon, Continue: a.ContinueURL}
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
			a.Log.ErrorContext(r.Context(), "read activation", "error", err)
		}
		v.Busy, v.Reload, status = true, 3, http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "3")
	case !v.State.Final():
		v.Events, v.Reload = "v1/activations/"+url.PathEscape(id)+"/events"+query(token), 2
	}
	var out bytes.Buffer
	if err := page.Execute(&out, v); err != nil {
		a.Log.ErrorContext(r.Context(), "activation page not rendered", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	protect(w.Header(), v.Nonce)
	w.WriteHeader(status)
	if _, err := out.WriteTo(w); err != nil {
		a.Log.DebugContext(r.Context(), "browser left", "error", err)
	}
}

// protect keeps the page out of caches and frames, and lets it run only its own script, style sheet and icon.
func protect(h http.Header, nonce string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the URL contains the session's id
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+nonce+"'; style-src 'nonce-"+nonce+
		"'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
}
