package mailbox

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// kept is how many e-mails are kept.
const kept = 200

// Mailbox keeps e-mails, and is an [http.Handler] for /mail and what is below it. The zero Mailbox is
// empty.
type Mailbox struct {
	mu     sync.Mutex
	emails []received // the oldest first
	last   int        // the id of the newest

	once sync.Once
	mux  http.ServeMux
}

type received struct {
	lockstep.Email
	ID int // counts from 1
	At time.Time
}

// framed returns the HTML with links that open in a new tab: a frame cannot follow them.
func (r received) framed() string {
	return strings.Replace(r.HTML, "<head>", `<head><base target="_blank">`, 1)
}

// has reports whether the subject, the recipient or the text contains words.
func (r received) has(words string) bool {
	return strings.Contains(strings.ToLower(r.Subject+"\n"+r.To+"\n"+r.Text), strings.ToLower(words))
}

var _ lockstep.Mailer = (*Mailbox)(nil)

// Deliver keeps the e-mail.
func (m *Mailbox) Deliver(_ context.Context, email lockstep.Email, ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	m.emails = append(m.emails, received{email, m.last, time.Now()})
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
