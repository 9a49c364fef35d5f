package console

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep/internal/look"
)

//go:embed templates/*.html
var sources embed.FS

// layout is what all pages share: the frame, and the parts that templates include.
var layout = template.Must(template.New("layout.html").Funcs(functions).ParseFS(sources, "templates/layout.html",
	"templates/parts_*.html"))

// templates are the templates of the pages by file. Each defines "content".
var templates = parseAll()

func parseAll() map[string]*template.Template {
	files, err := sources.ReadDir("templates")
	if err != nil {
		panic(err)
	}
	all := map[string]*template.Template{}
	for _, f := range files {
		if layout.Lookup(f.Name()) == nil {
			all[f.Name()] = template.Must(template.Must(layout.Clone()).ParseFS(sources, "templates/"+f.Name()))
		}
	}
	return all
}

// frame is the data of the layout.
type frame struct {
	Title   string
	Section string   // the entry of the menu
	Session *session // nil: nobody is signed in
	Live    bool
	Refresh string // where the page goes at once; may be empty
	Said    *flash // the result of the last action; may be nil
	Data    any    // of the page's own template

	// render sets these.
	App  string
	At   *clock // how times are shown
	Menu []page
	live bool // Stripe's mode
	url  *url.URL

	dashboards Dashboards
}

// Style and Script are the paths of the files, with their version.
func (frame) Style() string  { return root + "/assets/" + look.Version(look.Style) + ".css" }
func (frame) Script() string { return root + "/assets/" + look.Version(script) + ".js" }
func (frame) Icon() string   { return root + "/assets/" + look.Version(look.Icon) + ".svg" }

// render sends a page. It renders to memory first, so a browser never gets half a page. A live page's script
// asks for the content without the frame.
func (s *Console) render(w http.ResponseWriter, r *http.Request, status int, file string, f frame) {
	f.App, f.Menu, f.At, f.live, f.url = s.App, menu(), clockOf(r), s.Config.Live, r.URL
	f.dashboards = s.Dashboards
	name := "layout"
	if r.Header.Get("Lockstep-Fragment") != "" {
		name = "main"
	}
	var out bytes.Buffer
	if err := templates[file].ExecuteTemplate(&out, name, f); err != nil {
		s.Log.ErrorContext(r.Context(), "page not rendered", "template", file, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // fails only if the browser has gone
}

// asset answers the style sheet, the script and the favicon. Their names contain their version, so browsers
// may keep them.
func asset(w http.ResponseWriter, r *http.Request) {
	for name, file := range map[string]struct{ kind, content string }{
		frame{}.Style(): {"text/css; charset=utf-8", look.Style}, frame{}.Script(): {"text/javascript; charset=utf-8", script},
		frame{}.Icon(): {"image/svg+xml", look.Icon},
	} {
		if name == r.URL.Path {
			w.Header().Set("Content-Type", file.kind)
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			if file.kind == "image/svg+xml" { // its own style is inline
				w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
			}
			_, _ = w.Write([]byte(file.content)) // fails only if the browser has gone
			return
		}
	}
	http.Error(w, "file not found: reload the page", http.StatusNotFound)
}

//go:embed assets/app.js
var script string

// clock shows times in the zone of the browser, which app.js stores in a cookie. Without it, times are UTC.
type clock struct {
	zone *time.Location
	now  time.Time
}

// zoneCookie has the minutes that the browser's zone is ahead of UTC.
const zoneCookie = "lockstep-zone"

func clockOf(r *http.Request) *clock {
	c := &clock{time.UTC, time.Now()}
	cookie, err := r.Cookie(zoneCookie)
	if err != nil {
		return c
	}
	if minutes, err := strconv.Atoi(cookie.Value); err == nil && minutes >= -14*60 && minutes <= 14*60 && minutes != 0 {
		c.zone = time.FixedZone(offset(minutes), minutes*60)
	}
	return c
}

// offset writes minutes as +02:00.
func offset(minutes int) string {
	sign := "+"
	if minutes < 0 {
		sign, minutes = "-", -minutes
	}
	return sign + time.Time{}.Add(time.Duration(minutes)*time.Minute).Format("15:04")
}

// Offset returns the zone as the API takes it.
func (c *clock) Offset() string {
	_, seconds := c.now.In(c.zone).Zone()
	return offset(seconds / 60)
}
