package mailbox

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/look"
)

//go:embed page.html
var pageSource string

//go:embed live.js
var liveSource string

var page = template.Must(template.New("page.html").Parse(pageSource))

// sandbox lets the HTML of an e-mail run no script and reach no page of ours. Its links open in a new tab.
const sandbox = "allow-popups allow-popups-to-escape-sandbox"

// view is the content of the page: a list of e-mails, and one of them.
type view struct {
	Nonce   string
	Style   template.CSS
	Root    string // path of the list, relative to the page; the mailbox may be mounted below a prefix
	Search  string
	Any     bool // there are e-mails, whether or not the search finds some
	Newest  int
	List    []received
	Open    *received // the e-mail that is shown; nil: none
	Chosen  bool      // the URL names an e-mail. A phone shows either the list or the e-mail
	Missing bool
	Sandbox string
}

// ServeHTTP shows the e-mails at /mail, one of them at /mail/{id}, and its HTML at /mail/{id}/html.
func (m *Mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.once.Do(func() {
		m.mux.HandleFunc("GET /mail", m.list)
		m.mux.HandleFunc("GET /mail/{id}", m.one)
		m.mux.HandleFunc("GET /mail/{id}/html", m.html)
		m.mux.HandleFunc("GET /mail/newest", m.newestID)
		m.mux.HandleFunc("GET /mail/live.js", file("text/javascript; charset=utf-8", liveSource))
		m.mux.HandleFunc("GET /mail/icon.svg", file("image/svg+xml", look.Icon))
	})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	m.mux.ServeHTTP(w, r)
}

// list shows all e-mails, or those that a search finds, and opens the newest.
func (m *Mailbox) list(w http.ResponseWriter, r *http.Request) {
	v := m.view(r, "mail")
	if len(v.List) > 0 {
		v.Open = &v.List[0]
	}
	show(w, http.StatusOK, v)
}

func (m *Mailbox) one(w http.ResponseWriter, r *http.Request) {
	v, status := m.view(r, "../mail"), http.StatusOK
	v.Chosen = true
	if v.Open = m.find(r.PathValue("id")); v.Open == nil {
		v.Missing, status = true, http.StatusNotFound
	}
	show(w, status, v)
}

func (m *Mailbox) view(r *http.Request, root string) view {
	all := m.newest()
	v := view{Nonce: rand.Text(), Style: template.CSS(look.Style), //nolint:gosec // our own style sheet
		Root: root, Search: strings.TrimSpace(r.URL.Query().Get("q")), Any: len(all) > 0, Sandbox: sandbox}
	if v.Any {
		v.Newest = all[0].ID
	}
	for _, email := range all {
		if email.has(v.Search) {
			v.List = append(v.List, email)
		}
	}
	return v
}

// find returns the e-mail with an id; nil if it is not kept.
func (m *Mailbox) find(id string) *received {
	for _, email := range m.newest() {
		if strconv.Itoa(email.ID) == id {
			return &email
		}
	}
	return nil
}

// html answers the HTML part by itself, for the frame. The policy isolates it in a tab of its own too.
func (m *Mailbox) html(w http.ResponseWriter, r *http.Request) {
	email := m.find(r.PathValue("id"))
	if email == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "sandbox "+sandbox+
		"; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'")
	_, _ = w.Write([]byte(email.framed())) // the reader may have gone
}

// newestID answers the id of the newest e-mail, so that an open page can ask often.
func (m *Mailbox) newestID(w http.ResponseWriter, _ *http.Request) {
	id := 0
	if all := m.newest(); len(all) > 0 {
		id = all[0].ID
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(strconv.Itoa(id))) // the reader may have gone
}

func show(w http.ResponseWriter, status int, v view) {
	var out bytes.Buffer
	if err := page.Execute(&out, v); err != nil {
		http.Error(w, "cannot render the page", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+v.Nonce+"'; script-src 'self'; "+
		"connect-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the reader may have gone
}

func file(kind, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte(content)) // the reader may have gone
	}
}
