package mailbox

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// kept is how many e-mails are kept.
const kept = 200

// Mailbox keeps e-mails. The zero Mailbox is empty.
type Mailbox struct {
	mu     sync.Mutex
	emails []received // the oldest first
}

type received struct {
	lockstep.Email
	At time.Time
}

// Framed returns the HTML with links that open in a new tab: a frame cannot follow them.
func (r received) Framed() string {
	return strings.Replace(r.HTML, "<head>", `<head><base target="_blank">`, 1)
}

var _ lockstep.Mailer = (*Mailbox)(nil)

// Deliver keeps the e-mail.
func (m *Mailbox) Deliver(_ context.Context, email lockstep.Email, ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.emails = append(m.emails, received{email, time.Now()})
	if len(m.emails) > kept {
		m.emails = slices.Delete(m.emails, 0, len(m.emails)-kept)
	}
	return nil
}

// Emails returns the e-mails that are kept, the newest first.
func (m *Mailbox) Emails() []lockstep.Email {
	var emails []lockstep.Email
	for _, r := range m.newest() {
		emails = append(emails, r.Email)
	}
	return emails
}

func (m *Mailbox) newest() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.emails)
	slices.Reverse(all)
	return all
}

//go:embed page.html
var pageSource string

// The HTML of an e-mail is shown in a sandboxed frame, where it can neither run scripts nor
// reach this page. Its links open in a new tab.
var page = template.Must(template.New("page.html").Parse(pageSource))

// ServeHTTP shows the e-mails, the newest first.
func (m *Mailbox) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var out bytes.Buffer
	if err := page.Execute(&out, m.newest()); err != nil {
		http.Error(w, "cannot render the page", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'")
	_, _ = w.Write(out.Bytes()) // the reader may have gone
}
