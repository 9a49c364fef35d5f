package console

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// Store is the part of the store that the console uses itself. Everything else goes through the API.
type Store interface {
	lockstep.ConsolePasses
	lockstep.Audit
	Pulser
}

// Config says what the console depends on.
type Config struct {
	Store    Store
	API      http.Handler      // the JSON API, without the check of origins
	Sessions lockstep.Sessions // verifies Clerk's session tokens; nil accepts none
	Grants   []lockstep.ConsoleGrant
	Origins  []string // of your app, which may send its users' session tokens
	App      string   // the app's name; may be empty
	Live     bool     // Stripe's live mode, for links to its dashboard
	Log      *slog.Logger

	Dashboards Dashboards
}

// Console serves the pages.
type Console struct {
	Config
	audit  *audit.Recorder
	mux    *http.ServeMux
	limit  *clients.Limit // of wrong links and tokens
	pulse  *pulse
	places clients.Places // of live pages
}

// root is the path below which everything is.
const root = httpapi.ConsolePath

// A client may send wrong links or tokens guesses times at once, then once in guessEvery.
const (
	guesses    = 20
	guessEvery = 5 * time.Second
)

// New returns the console.
func New(c Config) *Console {
	s := &Console{Config: c, audit: &audit.Recorder{Store: c.Store, Log: c.Log}, mux: http.NewServeMux(),
		limit: clients.NewLimit(guessEvery, guesses)}
	s.pulse = newPulse(c.Store, c.Log)
	s.mux.HandleFunc("GET "+root+"/assets/{file}", asset)
	s.mux.HandleFunc("GET "+httpapi.SignInPath, s.signInPage)
	s.mux.HandleFunc("POST "+httpapi.SignInPath, s.signIn)
	s.mux.HandleFunc("POST "+root+"/sign-in/clerk", s.clerkSignIn)
	s.mux.HandleFunc("POST "+root+"/sign-out", s.signOut)
	s.mux.HandleFunc("GET "+root+"/live", s.live)
	s.mux.HandleFunc("GET "+root+"/actions/{action}", s.confirm)
	s.mux.HandleFunc("POST "+root+"/actions/{action}", s.act)
	s.mux.HandleFunc("GET "+root+"/charts/{chart}/{theme}", s.chart)
	for _, p := range allPages() {
		s.mux.Handle("GET "+root+p.path, s.page(p))
	}
	s.mux.HandleFunc(root+"/", s.notFound)
	return s
}

// Register adds the console to a mux.
func (s *Console) Register(mux *http.ServeMux) {
	// A form of another site cannot act, although its session's token would stop it too. Only the app may send
	// session tokens of its users.
	protection := http.NewCrossOriginProtection()
	protection.AddInsecureBypassPattern("POST " + root + "/sign-in/clerk") // clerkSignIn checks the origin
	handler := guarded(protection.Handler(s.mux))
	mux.Handle(root, handler)
	mux.Handle(root+"/", handler)
}

// Close ends all live pages, so that a server can shut down without waiting for them.
func (s *Console) Close() { s.pulse.close() }

// largestForm is the most that a form may send, in bytes.
const largestForm = 64 << 10

// guarded adds the headers that every answer has. Pages contain personal data, so nothing may keep them.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex")
		r.Body = http.MaxBytesReader(w, r.Body, largestForm)
		next.ServeHTTP(w, r)
	})
}
