package smtpmail

import (
	"crypto/tls"
	"errors"
	"mime"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var email = lockstep.Email{ID: "abc@acme.example", To: "alice@example.com", Subject: "Dein Konto für Acme",
	Text: "Hello Alice,\n.\nthat was a line with a dot.\n", HTML: "<p>Hello Alice</p>"}

// plain returns a client for a server without TLS.
func plain(t *testing.T, s *mailServer) *Client {
	t.Helper()
	c, err := New(Config{Host: "127.0.0.1", Port: s.port, TLS: NoTLS, From: "Acme <billing@acme.example>",
		Timeout: 15 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnEmailArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	s := startServer(t, &mailServer{})
	readied := 0
	if err := plain(t, s).Deliver(t.Context(), email, func() error { readied++; return nil }); err != nil {
		t.Fatal(err)
	}
	if readied != 1 {
		t.Errorf("ready was called %d times", readied)
	}
	got := s.emails()
	if len(got) != 1 {
		t.Fatalf("%d emails arrived", len(got))
	}
	h := headersOf(t, got[0])
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]string{
		"Message-ID": {h.Get("Message-Id"), "<abc@acme.example>"}, "To": {h.Get("To"), "<alice@example.com>"},
		"From": {h.Get("From"), `"Acme" <billing@acme.example>`}, "Auto-Submitted": {h.Get("Auto-Submitted"),
			"auto-generated"},
		"Subject": {subject, email.Subject},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	for _, part := range []string{"multipart/alternative", "text/plain", "text/html", "that was a line with a dot.",
		"<p>Hello Alice</p>"} {
		if !strings.Contains(got[0], part) {
			t.Errorf("the email has no %s:\n%s", part, got[0])
		}
	}
}

// TestTheFateOfAnEmailIsKnown checks, for each way in which a server can fail, whether
// the server accepted the e-mail and whether it may be sent again.
func TestTheFateOfAnEmailIsKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script script
		want   lockstep.EmailFate // empty: accepted
		ready  bool
		taken  bool
	}{
		"all is well":           {script{}, "", true, true},
		"busy at the door":      {script{"greeting": "421 4.3.2 not now"}, lockstep.EmailDelayed, false, false},
		"cut at the door":       {script{"greeting": "cut"}, lockstep.EmailDelayed, false, false},
		"the sender is refused": {script{"MAIL": "550 5.7.1 alice@example.com"}, lockstep.EmailDelayed, true, false},
		"cut after the sender":  {script{"MAIL": "cut"}, lockstep.EmailDelayed, true, false},
		"greylisted": {script{"RCPT": "451 4.7.1 alice@example.com, come back"}, lockstep.EmailDelayed,
			true, false},
		"no such mailbox": {script{"RCPT": "550 5.1.1 <alice@example.com> is nobody"}, lockstep.EmailRefused,
			true, false},
		"cut after the recipient": {script{"RCPT": "cut"}, lockstep.EmailDelayed, true, false},
		"data is refused for now": {script{"DATA": "451 4.3.0 later"}, lockstep.EmailDelayed, true, false},
		"data is refused":         {script{"DATA": "554 5.6.0 no"}, lockstep.EmailRefused, true, false},
		"cut at data":             {script{"DATA": "cut"}, lockstep.EmailDelayed, true, false},
		"the email is refused": {script{"END": "554 5.7.1 spam, says alice@example.com"}, lockstep.EmailRefused,
			true, false},
		"the email is refused for now": {script{"END": "452 4.2.2 full"}, lockstep.EmailDelayed, true, false},
		"cut before the answer":        {script{"END": "cut"}, lockstep.EmailUnsure, true, false},
		"cut after the answer":         {script{"END": "250 and gone"}, "", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, &mailServer{script: c.script})
			ready := false
			err := plain(t, s).Deliver(t.Context(), email, func() error { ready = true; return nil })
			var failed *lockstep.EmailError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v", err)
			case c.want != "" && (!errors.As(err, &failed) || failed.Fate != c.want):
				t.Errorf("got %#v, want %s", err, c.want)
			case err != nil && strings.Contains(err.Error(), "alice"):
				t.Errorf("the error shows the address: %v", err)
			}
			if ready != c.ready {
				t.Errorf("ready: %v, want %v", ready, c.ready)
			}
			if taken := len(s.emails()) == 1; taken != c.taken {
				t.Errorf("taken: %v, want %v", taken, c.taken)
			}
		})
	}
}

func TestNothingIsSentThatIsNotReady(t *testing.T) {
	t.Parallel()
	s := startServer(t, &mailServer{})
	want := errors.New("lease lost")
	if err := plain(t, s).Deliver(t.Context(), email, func() error { return want }); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) != 1 {
		t.Errorf("the server saw %v", s.seen)
	}
}

func TestAServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := startServer(t, &mailServer{})
	c := plain(t, s)
	c.config.Port = 1
	var failed *lockstep.EmailError
	err := c.Deliver(t.Context(), email, func() error { t.Error("ready"); return nil })
	if !errors.As(err, &failed) || failed.Fate != lockstep.EmailDelayed {
		t.Errorf("got %v", err)
	}
}

// TestEmailsAreEncrypted checks that STARTTLS is the default, and that every encrypted
// connection verifies the server's certificate.
func TestEmailsAreEncrypted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server  *mailServer
		mode    TLS
		trusted bool
		arrives bool
	}{
		"STARTTLS":                         {certified(t, &mailServer{login: "x"}), "", true, true},
		"from the first byte":              {certified(t, &mailServer{implicit: true, login: "x"}), Implicit, true, true},
		"a certificate of nobody's":        {certified(t, &mailServer{}), "", false, false},
		"nobody's, from the first byte":    {certified(t, &mailServer{implicit: true}), Implicit, false, false},
		"a server that does not offer TLS": {&mailServer{}, "", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, c.server)
			config := Config{Host: "127.0.0.1", Port: s.port, TLS: c.mode, From: "billing@acme.example",
				Timeout: 15 * time.Second}
			if c.trusted {
				config.TLSConfig = &tls.Config{ServerName: "127.0.0.1", RootCAs: s.roots, MinVersion: tls.VersionTLS12}
			}
			if s.login != "" {
				config.Username, config.Password = "acme", "hunter2"
			}
			client, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			err = client.Deliver(t.Context(), email, func() error { return nil })
			if arrived := len(s.emails()) == 1; arrived != c.arrives || arrived != (err == nil) {
				t.Errorf("arrived: %v, want %v: %v", arrived, c.arrives, err)
			}
			if c.arrives && !s.secure {
				t.Error("it came in the clear")
			}
			if s.login != "" && !strings.Contains(strings.Join(s.seen, " "), "PLAIN AGFjbWUAaHVudGVyMg==") {
				t.Errorf("no login: %v", s.seen)
			}
		})
	}
}

func TestAServerThatRefusesTheLogin(t *testing.T) {
	t.Parallel()
	s := startServer(t, &mailServer{login: "x", script: script{"AUTH": "535 5.7.8 acme hunter2"}})
	client, err := New(Config{Host: "127.0.0.1", Port: s.port, TLS: NoTLS, From: "billing@acme.example", Username: "acme",
		Password: "hunter2"})
	if err != nil {
		t.Fatal(err)
	}
	var failed *lockstep.EmailError
	err = client.Deliver(t.Context(), email, func() error { t.Error("ready"); return nil })
	if !errors.As(err, &failed) || failed.Fate != lockstep.EmailDelayed || strings.Contains(err.Error(), "hunter2") ||
		!strings.Contains(err.Error(), "535") {
		t.Errorf("got %v", err)
	}
}

func TestHeadersHaveOneLine(t *testing.T) {
	t.Parallel()
	s := startServer(t, &mailServer{})
	for _, change := range []func(*lockstep.Email){
		func(l *lockstep.Email) { l.Subject = "x\r\nBcc: bob@example.com" },
		func(l *lockstep.Email) { l.To = "alice@example.com>\r\nRCPT TO:<bob@example.com" },
		func(l *lockstep.Email) { l.ID = "x@y>\nBcc: bob@example.com" },
	} {
		bad := email
		change(&bad)
		if err := plain(t, s).Deliver(t.Context(), bad, func() error { return nil }); err == nil {
			t.Errorf("%q was sent", bad)
		}
	}
	if got := s.emails(); len(got) > 0 {
		t.Errorf("arrived: %v", got)
	}
}

// TestConfigIsChecked checks that Validate names every problem.
func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := Config{Host: "smtp.acme.example", From: "Acme <billing@acme.example>"}
	for want, change := range map[string]func(*Config){
		"":                               func(*Config) {},
		"host":                           func(c *Config) { c.Host = "" },
		"port":                           func(c *Config) { c.Port = 70000 },
		"starttls, implicit, none":       func(c *Config) { c.TLS = "ssl" },
		"not an address":                 func(c *Config) { c.From = "billing" },
		"username and password":          func(c *Config) { c.Username = "acme" },
		"anyone on the network can read": func(c *Config) { c.TLS = NoTLS },
		"cannot log in":                  func(c *Config) { c.TLS, c.Plaintext, c.Username, c.Password = NoTLS, true, "a", "b" },
		"within one run":                 func(c *Config) { c.Timeout = time.Minute },
	} {
		c := good
		change(&c)
		err := c.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
	if err := (Config{Host: "127.0.0.1", TLS: NoTLS, From: good.From}).Validate(); err != nil {
		t.Errorf("this machine: %v", err)
	}
	if domain := good.Domain(); domain != "acme.example" {
		t.Errorf("domain %q", domain)
	}
}
