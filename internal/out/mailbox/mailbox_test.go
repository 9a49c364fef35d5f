package mailbox

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func deliver(t *testing.T, m *Mailbox, l lockstep.Email) {
	t.Helper()
	if err := m.Deliver(t.Context(), l, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func show(m *Mailbox) string {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/mail", nil))
	return w.Body.String()
}

func TestTheNewestEmailsAreKept(t *testing.T) {
	t.Parallel()
	var m Mailbox
	for i := range kept + 5 {
		deliver(t, &m, lockstep.Email{Subject: fmt.Sprint("e-mail ", i)})
	}
	got := m.Emails()
	if len(got) != kept || got[0].Subject != "e-mail 204" || got[kept-1].Subject != "e-mail 5" {
		t.Errorf("%d e-mails, from %q to %q", len(got), got[0].Subject, got[len(got)-1].Subject)
	}
}

func TestWhatIsNotReadyIsNotKept(t *testing.T) {
	t.Parallel()
	var m Mailbox
	want := errors.New("no")
	if err := m.Deliver(t.Context(), lockstep.Email{}, func() error { return want }); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(show(&m), "No e-mails yet") {
		t.Error(show(&m))
	}
}

// TestAnEmailIsShownWithoutBeingRun: its HTML stays in a sandboxed frame.
func TestAnEmailIsShownWithoutBeingRun(t *testing.T) {
	t.Parallel()
	var m Mailbox
	deliver(t, &m, lockstep.Email{To: "alice@example.com", Subject: "<b>Hi</b>", Text: "<i>text</i>",
		HTML: `<p>rich</p>"><script>alert(1)</script>`})
	page := show(&m)
	for _, want := range []string{"alice@example.com", "&lt;b&gt;Hi&lt;/b&gt;", "&lt;i&gt;text&lt;/i&gt;",
		`sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	if strings.Contains(page, "<script>") {
		t.Errorf("a script stands on the page:\n%s", page)
	}
}
