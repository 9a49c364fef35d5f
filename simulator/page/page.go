package page

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strconv"

	"github.com/lockstep-dev/lockstep/internal/look"
)

//go:embed layout.html
var layout string

//go:embed menu.css
var menuStyle string

// Frame is what every page's data embeds.
type Frame struct {
	Title string
	// Provider is the provider that the page simulates: Stripe, Clerk, or "" for
	// the controls.
	Provider string
	Wide     bool
	Menu     []MenuItem
	// Script is the path of the only script of the page; "" leaves it without one.
	Script string
}

// MenuItem is a link to another page.
type MenuItem struct {
	Href, Text string
	Current    bool
	Outside    bool // not a page of the simulator
}

// Style is the style sheet, for the layout.
func (Frame) Style() template.CSS { return template.CSS(look.Style + menuStyle) }

func (f Frame) script() string { return f.Script }

// Parse returns the template of a page. content goes below the banner; parts
// define templates that the content includes. It panics on a mistake, so call it
// in a package variable.
func Parse(content string, parts ...string) *template.Template {
	parsed := template.Must(template.New("page").Parse(layout))
	for _, part := range append(parts, `{{define "content"}}`+content+`{{end}}`) {
		parsed = template.Must(parsed.Parse(part))
	}
	return parsed
}

// Write renders a page and sends it with a status.
func Write(w http.ResponseWriter, status int, page *template.Template, data any) {
	var rendered bytes.Buffer
	if err := page.ExecuteTemplate(&rendered, "page", data); err != nil {
		http.Error(w, "cannot render the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(rendered.Len()))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Content-Security-Policy", policy(data))
	w.WriteHeader(status)
	_, _ = w.Write(rendered.Bytes()) // fails only if the browser has gone
}

// policy is the content security policy of a page. It allows no inline script, and
// a script file only if the page has one.
func policy(data any) string {
	const closed = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; img-src 'self'"
	if framed, ok := data.(interface{ script() string }); ok && framed.script() != "" {
		return closed + "; script-src 'self'; connect-src 'self'"
	}
	return closed
}

// Notice is a page with one message and a link.
type Notice struct {
	Frame
	Heading string
	Text    string
	Link    string
	LinkTo  string
}

var notice = Parse(`<section class="card narrow"><h1>{{.Heading}}</h1><p>{{.Text}}</p>
{{if .Link}}<p><a class="button quiet" href="{{.Link}}">{{.LinkTo}}</a></p>{{end}}</section>`)

// WriteNotice sends a notice.
func WriteNotice(w http.ResponseWriter, status int, n Notice) { Write(w, status, notice, n) }
