package mailbox

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// kept is how many letters are kept.
const kept = 200

// Mailbox keeps letters. The zero Mailbox is empty.
type Mailbox struct {
	mu      sync.Mutex
	letters []received // the oldest first
}

type received struct {
	lockstep.Email
	At time.Time
}

var _ lockstep.Mailer = (*Mailbox)(nil)

// Deliver keeps the letter.
func (m *Mailbox) Deliver(_ context.Context, letter lockstep.Email, ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = append(m.letters, received{letter, time.Now()})
	if len(m.letters) > kept {
		m.letters = slices.Delete(m.letters, 0, len(m.letters)-kept)
	}
	return nil
}

// Renderer returns what is kept, the newest first.
func (m *Mailbox) Renderer() []lockstep.Email {
	var letters []lockstep.Email
	for _, r := range m.newest() {
		letters = append(letters, r.Email)
	}
	return letters
}

func (m *Mailbox) newest() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.letters)
	slices.Reverse(all)
	return all
}

//go:embed page.html
var pageSource string

// The HTML of a letter is shown in a frame that may do nothing, not even to this page.
var page = template.Must(template.New("page.html").Parse(pageSource))

// ServeHTTP shows the letters, the newest first.
func (m *Mailbox) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var out bytes.Buffer
	if err := page.Execute(&out, m.newest()); err != nil {
		http.Error(w, "the page could not be written", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'")
	_, _ = w.Write(out.Bytes()) // a reader that has gone is no error of ours
}
