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

func get(m *Mailbox, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
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
	if page := get(&m, "/mail").Body.String(); !strings.Contains(page, "No e-mails yet") {
		t.Error(page)
	}
}

// TestForeignTextIsIsolated: what an e-mail says is text on the page, and its HTML is a page of its own that can
// run nothing.
func TestForeignTextIsIsolated(t *testing.T) {
	t.Parallel()
	var m Mailbox
	deliver(t, &m, lockstep.Email{To: `"<script>1</script>"@example.com`, Subject: "<b>Hi</b>", Text: "<i>text</i>",
		HTML: `<head></head><p>rich</p>"><script>alert(1)</script>`})
	for _, path := range []string{"/mail", "/mail/1", "/mail?q=%3Cb%3E"} {
		w := get(&m, path)
		page := w.Body.String()
		for _, want := range []string{"&lt;script&gt;1", "&lt;b&gt;Hi&lt;/b&gt;", "&lt;i&gt;text&lt;/i&gt;",
			`sandbox="allow-popups allow-popups-to-escape-sandbox" src="`} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %s in\n%s", path, want, page)
			}
		}
		if strings.Contains(page, "<script>") || strings.Contains(page, "rich") || strings.Contains(page, "<b>") {
			t.Errorf("%s: HTML of the e-mail stands on the page:\n%s", path, page)
		}
		if policy := w.Header().Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") ||
			!strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	w := get(&m, "/mail/1/html")
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; ") ||
		strings.Contains(policy, "script") {
		t.Errorf("the HTML part has the policy %q", policy)
	}
	if !strings.Contains(w.Body.String(), `<base target="_blank">`) || !strings.Contains(w.Body.String(), "rich") {
		t.Errorf("the HTML part is %s", w.Body)
	}
}

// TestEmailsAreFound by their URL, and by words in any case of the subject, the recipient or the text.
func TestEmailsAreFound(t *testing.T) {
	t.Parallel()
	var m Mailbox
	deliver(t, &m, lockstep.Email{To: "ada@example.com", Subject: "First", Text: "Renews soon"})
	deliver(t, &m, lockstep.Email{To: "bob@example.com", Subject: "Second", Text: "Ended"})
	for path, want := range map[string][2]string{
		"/mail":              {"Second", ""},
		"/mail/1":            {"Renews soon", "<pre>Ended"},
		"/mail?q=FIRST":      {"Renews soon", "Second"},
		"/mail?q=bob@":       {"Second", "First"},
		"/mail?q=renews":     {"First", "Second"},
		"/mail?q=nothing":    {"No e-mail contains “nothing”", "<article"},
		"/mail/2?q=bob":      {"<pre>Ended", "First"},
		"/mail/newest":       {"2", "1"},
		"/mail/icon.svg":     {"<svg", ""},
		"/mail/live.js":      {"setInterval", ""},
		"/mail/1?q=x&q=%22>": {"Renews soon", `"">`},
	} {
		body := get(&m, path).Body.String()
		if !strings.Contains(body, want[0]) || want[1] != "" && strings.Contains(body, want[1]) {
			t.Errorf("%s lacks %q or has %q:\n%s", path, want[0], want[1], body)
		}
	}
	for _, path := range []string{"/mail/3", "/mail/x", "/mail/3/html", "/mail/1/2"} {
		if w := get(&m, path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if body := get(&m, "/mail/3").Body.String(); !strings.Contains(body, "not kept any more") {
		t.Errorf("a missing e-mail: %s", body)
	}
}
