package smtpmail

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TLS says how the connection is encrypted.
type TLS string

// The ways: by STARTTLS, which must succeed; from the first byte; or not at all.
const (
	StartTLS TLS = "starttls"
	Implicit TLS = "implicit"
	NoTLS    TLS = "none"
)

// Config is how a mail server is reached.
type Config struct {
	Host      string
	Port      int    // 0: 587 with STARTTLS, 465 with implicit TLS, 25 without
	TLS       TLS    // empty: StartTLS
	Plaintext bool   // allows TLS "none" to another machine
	Username  string // empty: no login
	Password  lockstep.Secret
	From      string        // "Acme Notes <billing@acme.example>"
	Timeout   time.Duration // of reaching the server, and of handing over; 0: 10 s each
	TLSConfig *tls.Config   // nil: verified by the system's roots
}

func (c Config) withDefaults() Config {
	if c.TLS == "" {
		c.TLS = StartTLS
	}
	if c.Port == 0 {
		c.Port = map[TLS]int{StartTLS: 587, Implicit: 465, NoTLS: 25}[c.TLS]
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.TLSConfig == nil {
		c.TLSConfig = &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
	}
	return c
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	c = c.withDefaults()
	var problems []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf("mail: "+format, args...))
		}
	}
	add(c.Host == "" || strings.ContainsAny(c.Host, " /@\r\n"), "the host %q is none", c.Host)
	add(c.Port < 0 || c.Port > 65535, "the port %d is none", c.Port)
	add(c.TLS != StartTLS && c.TLS != Implicit && c.TLS != NoTLS, "tls %q is none of starttls, implicit, none", c.TLS)
	if _, err := mail.ParseAddress(c.From); err != nil {
		problems = append(problems, fmt.Errorf("mail: from %q is no address, as in Acme <billing@acme.example>: %w", c.From,
			err))
	}
	add((c.Username == "") != (c.Password == ""), "username and password go together")
	add(c.Timeout < 0 || c.Timeout > 15*time.Second, "the timeout %s is not up to 15s: a letter must be handed over within one run", c.Timeout)
	if c.TLS == NoTLS && !loopback(c.Host) {
		add(!c.Plaintext, "without TLS only a server on this machine is written to; letters to %q could be read on the way. "+
			"Use tls = \"starttls\", or allow it by plaintext = true", c.Host)
		add(c.Username != "", "a password is not sent to %q without TLS", c.Host)
	}
	return errors.Join(problems...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Domain is the sender's, for Message-IDs.
func (c Config) Domain() string {
	address, err := mail.ParseAddress(c.From)
	if err != nil {
		return c.Host
	}
	return address.Address[strings.LastIndex(address.Address, "@")+1:]
}
