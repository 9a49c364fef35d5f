package smtpmail

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// script replaces the server's reply at a step; "cut" closes the connection there. The
// steps are greeting, EHLO, AUTH, MAIL, RCPT, DATA, and END for the end of the e-mail.
type script map[string]string

// mailServer is a strict SMTP server on loopback. It refuses commands in the wrong order.
type mailServer struct {
	t        *testing.T
	script   script
	tls      *tls.Config // with STARTTLS, or from the first byte
	implicit bool
	login    string // "user pass"; empty: no login
	port     int
	roots    *x509.CertPool

	mu       sync.Mutex
	accepted []string // the e-mails answered with 250
	seen     []string // the steps
	secure   bool     // the last e-mail came over TLS
	left     bool     // the client left a connection open
}

func startServer(t *testing.T, s *mailServer) *mailServer {
	t.Helper()
	s.t = t
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	var serving sync.WaitGroup
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
		if s.left {
			t.Error("a connection was left open")
		}
	})
	serving.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(connection) })
		}
	})
	return s
}

func (s *mailServer) serve(connection net.Conn) {
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(time.Minute))
	if s.implicit {
		connection = tls.Server(connection, s.tls)
	}
	secure, extended, from, to := s.implicit, false, false, false
	text := textproto.NewConn(connection)
	// answer sends the step's reply. It returns false if the connection must end.
	answer := func(step, usual string) bool {
		s.mu.Lock()
		s.seen = append(s.seen, step)
		s.mu.Unlock()
		reply, scripted := s.script[step]
		if !scripted {
			reply = usual
		}
		if reply == "cut" {
			return false
		}
		err := text.PrintfLine("%s", reply)
		return err == nil && (!scripted || step == "END")
	}
	took := func(step string) bool { _, refused := s.script[step]; return !refused }
	if !answer("greeting", "220 mail.test ESMTP") {
		return
	}
	for {
		line, err := text.ReadLine()
		if err != nil {
			s.mu.Lock()
			s.left = s.left || errors.Is(err, os.ErrDeadlineExceeded)
			s.mu.Unlock()
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch {
		case verb == "EHLO":
			extended = true
			lines := []string{"mail.test", "ENHANCEDSTATUSCODES", "8BITMIME"}
			if s.tls != nil && !secure {
				lines = append(lines, "STARTTLS")
			}
			if s.login != "" && (secure || s.tls == nil) {
				lines = append(lines, "AUTH PLAIN")
			}
			for i, l := range lines {
				sep := "-"
				if i == len(lines)-1 {
					sep = " "
				}
				if err := text.PrintfLine("250%s%s", sep, l); err != nil {
					return
				}
			}
		case verb == "STARTTLS" && s.tls != nil && !secure:
			if err := text.PrintfLine("220 go"); err != nil {
				return
			}
			connection = tls.Server(connection, s.tls)
			text, secure, extended = textproto.NewConn(connection), true, false
		case verb == "AUTH" && extended:
			if !answer("AUTH", "235 2.7.0 welcome") {
				return
			}
			s.mu.Lock()
			s.seen = append(s.seen, rest)
			s.mu.Unlock()
		case verb == "MAIL" && extended:
			from = took("MAIL")
			if !answer("MAIL", "250 2.1.0 ok") && from {
				return
			}
			if s.script["MAIL"] == "cut" {
				return
			}
		case verb == "RCPT" && from:
			to = took("RCPT")
			if !answer("RCPT", "250 2.1.5 ok") && to {
				return
			}
			if s.script["RCPT"] == "cut" {
				return
			}
		case verb == "DATA" && to:
			if !answer("DATA", "354 go on") {
				return
			}
			email, err := text.ReadDotBytes()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.secure = secure
			if took("END") || strings.HasPrefix(s.script["END"], "250") {
				s.accepted = append(s.accepted, string(email))
			}
			s.mu.Unlock()
			if s.script["END"] == "250 and gone" {
				_ = text.PrintfLine("250 2.0.0 taken")
				return
			}
			if !answer("END", "250 2.0.0 taken") {
				return
			}
		case verb == "RSET":
			if err := text.PrintfLine("250 ok"); err != nil {
				return
			}
		case verb == "QUIT":
			_ = text.PrintfLine("221 bye")
			return
		default:
			if err := text.PrintfLine("503 5.5.1 not now"); err != nil {
				return
			}
		}
	}
}

func (s *mailServer) emails() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.accepted...)
}

// certified gives the server a certificate for 127.0.0.1, signed by its own authority.
func certified(t *testing.T, s *mailServer) *mailServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(certificate)
	s.tls = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		MinVersion: tls.VersionTLS12}
	return s
}

// headersOf reads the headers of an e-mail as a mail program does.
func headersOf(t *testing.T, email string) textproto.MIMEHeader {
	t.Helper()
	headers, err := textproto.NewReader(bufio.NewReader(strings.NewReader(email))).ReadMIMEHeader()
	if err != nil {
		t.Fatal(fmt.Errorf("%w in:\n%s", err, email))
	}
	return headers
}
