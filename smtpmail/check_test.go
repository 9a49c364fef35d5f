package smtpmail

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestACheckNamesTheStepThatFails, shows no secret and sends no e-mail.
func TestACheckNamesTheStepThatFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server  *mailServer
		tls     TLS
		trusted bool
		step    lockstep.MailStep // empty: all is well
		reason  string
	}{
		"plain":              {&mailServer{}, NoTLS, true, "", ""},
		"STARTTLS and login": {certified(t, &mailServer{login: "x"}), StartTLS, true, "", ""},
		"implicit and login": {certified(t, &mailServer{implicit: true, login: "x"}), Implicit, true, "", ""},
		"no STARTTLS":        {&mailServer{}, StartTLS, true, lockstep.MailEncrypt, "STARTTLS"},
		"unknown authority":  {certified(t, &mailServer{}), StartTLS, false, lockstep.MailEncrypt, "certificate"},
		"unknown, implicit":  {certified(t, &mailServer{implicit: true}), Implicit, false, lockstep.MailEncrypt, "certificate"},
		"implicit to plain":  {&mailServer{}, Implicit, true, lockstep.MailEncrypt, "TLS handshake"},
		"turned away": {&mailServer{script: script{"greeting": "554 5.7.1 acme hunter2"}}, NoTLS, true,
			lockstep.MailConnect, "answered 554"},
		"wrong password": {certified(t, &mailServer{login: "x", script: script{"AUTH": "535 5.7.8 acme hunter2"}}), StartTLS,
			true, lockstep.MailLogin, "answered 535"},
		"no login offered": {certified(t, &mailServer{}), StartTLS, true, lockstep.MailLogin, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, c.server)
			config := Config{Host: "127.0.0.1", Port: s.port, TLS: c.tls, From: "Acme <billing@acme.example>", Timeout: 15 * time.Second}
			if c.trusted && s.roots != nil {
				config.TLSConfig = &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
			}
			if s.login != "" || c.step == lockstep.MailLogin {
				config.Username, config.Password = "acme", "hunter2"
			}
			client, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			sameProblem(t, client.Check(t.Context()), c.step, c.reason)
			if len(s.emails()) > 0 || slices.Contains(s.seen, "MAIL") {
				t.Error("the check sends an e-mail")
			}
		})
	}
}

func TestAServerThatIsNotThereFailsTheCheck(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	for host, reason := range map[string]string{"127.0.0.1": "refused", "nobody.invalid": "cannot be resolved"} {
		client, err := New(Config{Host: host, Port: port, From: "Acme <billing@acme.example>"})
		if err != nil {
			t.Fatal(err)
		}
		sameProblem(t, client.Check(t.Context()), lockstep.MailConnect, reason)
	}
}

func sameProblem(t *testing.T, err error, step lockstep.MailStep, reason string) {
	t.Helper()
	var failed *lockstep.MailCheckError
	switch {
	case step == "" && err == nil:
	case !errors.As(err, &failed) || failed.Step != step || !strings.Contains(failed.Reason, reason):
		t.Errorf("%v, want %s: …%s…", err, step, reason)
	case strings.Contains(err.Error(), "hunter2"):
		t.Errorf("the error shows the server's text: %v", err)
	}
}
