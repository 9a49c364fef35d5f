package email

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
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

func mustNew(t *testing.T, c Config) *Renderer {
	t.Helper()
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compose writes an e-mail to Alice.
func compose(t *testing.T, r *Renderer, n lockstep.Notice, name string) lockstep.Email {
	t.Helper()
	email, err := r.Compose(lockstep.EmailDraft{Notice: n, Address: "alice@example.com", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return email
}

func TestEveryKindGreetsAndNamesThePlan(t *testing.T) {
	t.Parallel()
	r := mustNew(t, acme)
	until := time.Date(2027, 1, 2, 23, 0, 0, 0, time.UTC)
	for _, kind := range Kinds() {
		for _, facts := range []lockstep.Facts{{}, {Plan: "pro", Amount: 4900, Currency: "eur", Until: &until}} {
			email := compose(t, r, notice(kind, facts), "Alice")
			for _, body := range []string{email.Text, email.HTML} {
				if !strings.Contains(body, "Hello Alice,") || !strings.Contains(body, "https://acme.example/billing") {
					t.Errorf("%s:\n%s", kind, body)
				}
				if facts.Plan != "" && !strings.Contains(body, "Pro") {
					t.Errorf("%s does not name the plan:\n%s", kind, body)
				}
			}
			if !strings.Contains(email.Subject, "Acme Notes") {
				t.Errorf("%s: subject %q", kind, email.Subject)
			}
		}
	}
}

// TestTheTwoPartsSayTheSame: each paragraph, row and link of the HTML is in the text.
func TestTheTwoPartsSayTheSame(t *testing.T) {
	t.Parallel()
	r := mustNew(t, acme)
	tags, links := regexp.MustCompile(`<[^>]*>`), regexp.MustCompile(`href="([^"]*)"`)
	for name, s := range samples() {
		email := compose(t, r, notice(s.kind, s.facts), "Alice")
		_, body, _ := strings.Cut(email.HTML, "</div>") // after the preheader
		for line := range strings.Lines(tags.ReplaceAllString(body, "\n")) {
			if line = strings.TrimSpace(html.UnescapeString(line)); line != "" && line != acme.App &&
				!strings.Contains(email.Text, line) {
				t.Errorf("%s: the text lacks %q", name, line)
			}
		}
		for _, link := range links.FindAllStringSubmatch(email.HTML, -1) {
			if !strings.Contains(email.Text, html.UnescapeString(link[1])) {
				t.Errorf("%s: the text lacks the link %s", name, link[1])
			}
		}
	}
}

func TestWithoutAURLThereIsNoButton(t *testing.T) {
	t.Parallel()
	c := acme
	c.AppURL = ""
	r := mustNew(t, c)
	for _, kind := range Kinds() {
		email := compose(t, r, notice(kind, lockstep.Facts{InvoiceURL: "javascript:alert(1)", ReceiptURL: "/receipt"}), "")
		if strings.Contains(email.HTML, "href") || strings.Contains(email.Text, "://") {
			t.Errorf("%s has a link:\n%s", kind, email.HTML)
		}
		if !strings.Contains(email.Text, "Hello,\n") {
			t.Errorf("%s greets nobody:\n%s", kind, email.Text)
		}
	}
}

// TestAMessageIDIsTheNotices: the same each time, another for another notice.
func TestAMessageIDIsTheNotices(t *testing.T) {
	t.Parallel()
	r := mustNew(t, acme)
	first := compose(t, r, notice(lockstep.NoticeSubscriptionStarted, lockstep.Facts{}), "Alice").ID
	if again := compose(t, r, notice(lockstep.NoticeSubscriptionStarted, lockstep.Facts{}), "").ID; again != first {
		t.Errorf("%s, then %s", first, again)
	}
	if other := compose(t, r, notice(lockstep.NoticeSubscriptionEnded, lockstep.Facts{}), "Alice").ID; other == first {
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
	r := mustNew(t, config)
	const eve = "Eve\r\nBcc: bob@example.com\r\n\r\n<script>alert(1)</script>\u202e"
	email := compose(t, r, notice(lockstep.NoticeLicenseGranted, lockstep.Facts{Plan: "p\r\n.\r\nMAIL FROM"}), eve)
	if want := "For Eve  Bcc: bob@example.com    <script>alert(1)</script>"; email.Subject != want {
		t.Errorf("subject %q, want %q", email.Subject, want)
	}
	if strings.Count(email.Text, "\n") != 1 || strings.Contains(email.Text, "\r") {
		t.Errorf("text %q", email.Text)
	}
	if strings.Contains(email.HTML, "<script>") || !strings.Contains(email.HTML, "&lt;script&gt;") {
		t.Errorf("HTML %s", email.HTML)
	}
	// The built-in subjects name the plan.
	for _, kind := range Kinds() {
		email := compose(t, mustNew(t, acme), notice(kind, lockstep.Facts{Plan: "p\r\nBcc: bob@example.com"}), eve)
		if strings.ContainsAny(email.Subject, "\r\n") || strings.Contains(email.Text, "\nBcc:") {
			t.Errorf("%s: subject %q, text %q", kind, email.Subject, email.Text)
		}
	}
}

func TestAnInvalidAddressIsRefused(t *testing.T) {
	t.Parallel()
	r := mustNew(t, acme)
	for _, bad := range []string{"", "alice", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com",
		"a@example.com\x00"} {
		_, err := r.Compose(lockstep.EmailDraft{Notice: notice(lockstep.NoticeAccessEnded, lockstep.Facts{}), Address: bad})
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
		"no subject":           {"access.ended.txt", "Hello\n\nthere", `start with a line "Subject: …"`},
		"an empty subject": {"access.ended.txt", "Subject: {{.Name | printf \"%.0s\"}}\n\nthere",
			`start with a line "Subject: …"`},
		"a subject of two lines": {"access.ended.txt", "Subject: a\nb\n\nthere", `start with a line "Subject: …"`},
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

// TestATemplateCanUseTheBuiltInMessage: an operator who wants another layout keeps the words.
func TestATemplateCanUseTheBuiltInMessage(t *testing.T) {
	t.Parallel()
	config := acme
	config.Templates = fstest.MapFS{"payment.refunded.html": {Data: []byte(
		`<h1 style="color:{{.Color}}">{{.Title}}</h1>{{range .Lines}}<p>{{.}}</p>{{end}}{{range .Rows}}{{.Label}}={{.Value}};{{end}}`)}}
	email := compose(t, mustNew(t, config), notice(lockstep.NoticePaymentRefunded,
		lockstep.Facts{Amount: 500, PaymentAmount: 900, Currency: "usd"}), "")
	want := `<h1 style="color:#3d4fd1">We refunded a part of your payment</h1><p>We refunded $5.00 of your payment of $9.00.</p>`
	if !strings.HasPrefix(email.HTML, want) || !strings.HasSuffix(email.HTML, "Refund=$5.00;Payment=$9.00;") {
		t.Errorf("HTML %s", email.HTML)
	}
}

func TestTheColorIsReadable(t *testing.T) {
	t.Parallel()
	for color, text := range map[string]string{"": "#ffffff", "#000000": "#ffffff", "#FFD400": "#000000",
		"#ffffff": "#000000", "#b91c1c": "#ffffff"} {
		config := acme
		config.Color = color
		email := compose(t, mustNew(t, config), notice(lockstep.NoticeAccessEnded, lockstep.Facts{}), "")
		if want := "background:" + config.withDefaults().Color; !strings.Contains(email.HTML, want) {
			t.Errorf("%q: no %s in\n%s", color, want, email.HTML)
		}
		if !strings.Contains(email.HTML, "color:"+text+";text-decoration:none") {
			t.Errorf("%q: the button's text is not %s", color, text)
		}
	}
	for _, bad := range []string{"red", "#fff", "#12345g", "#123456;x", "123456"} {
		config := acme
		config.Color = bad
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), "mail.color") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAPlanHasANameForPeople(t *testing.T) {
	t.Parallel()
	for plan, want := range map[string]string{"pro": "Acme Notes Pro", "team_yearly": "Acme Notes Team Yearly",
		"Team": "Acme Notes Team", "über-pro": "Acme Notes Über Pro", "acme notes pro": "acme notes pro",
		"Acme Notes Pro": "Acme Notes Pro", "price_1Abc": "Acme Notes", "": "Acme Notes", "__": "Acme Notes"} {
		email := compose(t, mustNew(t, acme), notice(lockstep.NoticeSubscriptionEnded, lockstep.Facts{Plan: plan}), "")
		if got := "Your " + want + " subscription has ended"; email.Subject != got {
			t.Errorf("%q: subject %q, want %q", plan, email.Subject, got)
		}
	}
}

func TestAPriceIsReadable(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		amount   int64
		currency string
	}{
		"€49.00": {4900, "eur"}, "$0.05": {5, "usd"}, "$1,234,567.89": {123456789, "USD"}, "¥500": {500, "jpy"},
		"49.00 CHF": {4900, "chf"}, "1.250 KWD": {1250, "kwd"}, "0.007 BHD": {7, "bhd"}, "100,000 VND": {100000, "vnd"},
		"": {0, "usd"},
	} {
		if got := price(c.amount, c.currency); got != want {
			t.Errorf("%d %s is %q, want %q", c.amount, c.currency, got, want)
		}
	}
}
