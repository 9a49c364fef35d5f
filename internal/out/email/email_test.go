package email

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func notice(kind lockstep.NoticeKind, facts lockstep.Facts) lockstep.Notice {
	n := lockstep.NewNotice(kind, lockstep.Account{Kind: lockstep.User, ID: "user_1"}, "sub_1", time.Unix(0, 0))
	n.Facts = facts
	return n
}

var acme = Config{App: "Acme Notes", AppURL: "https://acme.example/billing", Domain: "acme.example"}

// TestEveryKindHasALetter: with all that there is to say, and with nothing.
func TestEveryKindHasALetter(t *testing.T) {
	t.Parallel()
	l, err := New(acme)
	if err != nil {
		t.Fatal(err)
	}
	until := time.Date(2027, 1, 2, 23, 0, 0, 0, time.UTC)
	for _, kind := range Kinds() {
		for _, facts := range []lockstep.Facts{{}, {Plan: "pro", Amount: 4900, Currency: "eur", Until: &until}} {
			letter, err := l.Compose(notice(kind, facts), "alice@example.com", "Alice")
			if err != nil {
				t.Fatal(err)
			}
			for _, body := range []string{letter.Text, letter.HTML} {
				if !strings.Contains(body, "Hello Alice,") || !strings.Contains(body, "https://acme.example/billing") {
					t.Errorf("%s:\n%s", kind, body)
				}
				if facts.Plan != "" && !strings.Contains(body, "pro") {
					t.Errorf("%s does not name the plan:\n%s", kind, body)
				}
			}
			if !strings.Contains(letter.Subject, "Acme Notes") {
				t.Errorf("%s: subject %q", kind, letter.Subject)
			}
		}
	}
}

// TestAMessageIDIsTheNotices: the same each time, another for another notice.
func TestAMessageIDIsTheNotices(t *testing.T) {
	t.Parallel()
	l, err := New(acme)
	if err != nil {
		t.Fatal(err)
	}
	id := func(kind lockstep.NoticeKind, email string) string {
		letter, err := l.Compose(notice(kind, lockstep.Facts{}), email, "")
		if err != nil {
			t.Fatal(err)
		}
		return letter.ID
	}
	first := id(lockstep.NoticeSubscriptionStarted, "a@example.com")
	if again := id(lockstep.NoticeSubscriptionStarted, "b@example.com"); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	if other := id(lockstep.NoticeSubscriptionEnded, "a@example.com"); other == first {
		t.Errorf("two notices share %s", other)
	}
	if !strings.HasSuffix(first, "@acme.example") {
		t.Errorf("%s is not of the sender's domain", first)
	}
}

// TestStrangersNamesAreOnlyNames: they make neither headers, nor lines, nor markup.
func TestStrangersNamesAreOnlyNames(t *testing.T) {
	t.Parallel()
	config := acme
	config.Templates = fstest.MapFS{"license.granted.txt": {
		Data: []byte("Subject: For {{.Name}}\n\n{{.Name}} {{.Plan}}\n")}}
	l, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := l.Compose(notice(lockstep.NoticeLicenseGranted, lockstep.Facts{Plan: "p\r\n.\r\nMAIL FROM"}),
		"a@example.com",
		"Eve\r\nBcc: bob@example.com\r\n\r\n<script>alert(1)</script>\u202e")
	if err != nil {
		t.Fatal(err)
	}
	if want := "For Eve  Bcc: bob@example.com    <script>alert(1)</script>"; letter.Subject != want {
		t.Errorf("subject %q, want %q", letter.Subject, want)
	}
	if strings.Count(letter.Text, "\n") != 1 || strings.Contains(letter.Text, "\r") {
		t.Errorf("text %q", letter.Text)
	}
	if strings.Contains(letter.HTML, "<script>") || !strings.Contains(letter.HTML, "&lt;script&gt;") {
		t.Errorf("HTML %s", letter.HTML)
	}
}

func TestAnAddressIsOne(t *testing.T) {
	t.Parallel()
	l, err := New(acme)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "alice", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com",
		"a@example.com\x00"} {
		_, err := l.Compose(notice(lockstep.NoticeAccessEnded, lockstep.Facts{}), bad, "")
		if err == nil {
			t.Errorf("%q is accepted", bad)
		} else if strings.Contains(err.Error(), "example") {
			t.Errorf("the error shows the address: %v", err)
		}
	}
}

// TestTemplatesAreTriedAtTheStart: each mistake is found by New.
func TestTemplatesAreTriedAtTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"a syntax error":       {"access.ended.txt", "Subject: {{.App", "access.ended.txt"},
		"an unknown value":     {"access.ended.html", "<p>{{.Address}}</p>", "Address"},
		"a value of some only": {"access.ended.txt", "Subject: x\n\n{{if .Until}}{{.Untli}}{{end}}", "Untli"},
		"no subject":           {"access.ended.txt", "Hello\n\nthere", `begin with a line "Subject: …"`},
		"an empty subject": {"access.ended.txt", "Subject: {{.Name | printf \"%.0s\"}}\n\nthere",
			`begin with a line "Subject: …"`},
		"a subject of two lines": {"access.ended.txt", "Subject: a\nb\n\nthere", `begin with a line "Subject: …"`},
		"a misspelt name":        {"acces.ended.txt", "Subject: x\n\ny", "acces.ended.txt replaces nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			config := acme
			config.Templates = os.DirFS(dir)
			if _, err := New(config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %s", err, c.want)
			}
		})
	}
}

func TestAPriceIsReadable(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		amount   int64
		currency string
	}{
		"49.00 EUR": {4900, "eur"}, "0.05 USD": {5, "usd"}, "500 JPY": {500, "jpy"}, "1.250 KWD": {1250, "kwd"},
		"": {0, "usd"},
	} {
		if got := price(c.amount, c.currency); got != want {
			t.Errorf("%d %s is %q, want %q", c.amount, c.currency, got, want)
		}
	}
}
