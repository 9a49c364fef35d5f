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

// TLS is how the connection is encrypted.
type TLS string

// The ways to encrypt the connection.
const (
	StartTLS TLS = "starttls" // STARTTLS, required
	Implicit TLS = "implicit" // TLS from the first byte
	NoTLS    TLS = "none"
)

// Config configures the connection to a mail server.
type Config struct {
	Host      string
	Port      int    // 0: 587 with STARTTLS, 465 with implicit TLS, 25 without TLS
	TLS       TLS    // empty: StartTLS
	Plaintext bool   // allows TLS "none" for a server on another machine
	Username  string // empty: no login
	Password  lockstep.Secret
	From      string        // "Acme Notes <billing@acme.example>"
	Timeout   time.Duration // for connecting, and again for sending; at most 15 s; 0: 10 s
	TLSConfig *tls.Config   // nil: verifies with the system's root certificates
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

// Validate reports every problem, joined into one error.
func (c Config) Validate() error {
	c = c.withDefaults()
	var problems []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf("mail: "+format, args...))
		}
	}
	add(c.Host == "" || strings.ContainsAny(c.Host, " /@\r\n"), "host: %q is not a valid host name", c.Host)
	add(c.Port < 0 || c.Port > 65535, "port: %d is not a valid port", c.Port)
	add(c.TLS != StartTLS && c.TLS != Implicit && c.TLS != NoTLS, "tls: %q is not one of starttls, implicit, none", c.TLS)
	if _, err := mail.ParseAddress(c.From); err != nil {
		problems = append(problems, fmt.Errorf("mail: from: %q is not an address; for example Acme <billing@acme.example>: %w",
			c.From, err))
	}
	add((c.Username == "") != (c.Password == ""), "username and password: set both or neither")
	add(c.Timeout < 0 || c.Timeout > 15*time.Second, "timeout: %s is not between 0s and 15s; an e-mail must be sent within one run", c.Timeout)
	if c.TLS == NoTLS && !loopback(c.Host) {
		add(!c.Plaintext, "tls: without TLS, anyone on the network can read e-mails to %q; "+
			"use tls = \"starttls\", or allow it with plaintext = true", c.Host)
		add(c.Username != "", "password: cannot log in to %q without TLS; use tls = \"starttls\"", c.Host)
	}
	return errors.Join(problems...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Domain returns the domain of the sender's address, for Message-IDs.
func (c Config) Domain() string {
	address, err := mail.ParseAddress(c.From)
	if err != nil {
		return c.Host
	}
	return address.Address[strings.LastIndex(address.Address, "@")+1:]
}
