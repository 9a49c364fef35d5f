package smtpmail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"

	"github.com/lockstep-dev/lockstep"
)

var _ lockstep.CheckedMailer = (*Client)(nil)

// Check implements [lockstep.CheckedMailer]. It connects a second time to log in, so that a failed login is
// not confused with another refusal.
func (c *Client) Check(ctx context.Context) error {
	if err := c.reach(ctx, false); err != nil {
		return err
	}
	if c.config.Username == "" {
		return nil
	}
	if err := c.reach(ctx, true); err != nil {
		return &lockstep.MailCheckError{Step: lockstep.MailLogin, Reason: err.Reason}
	}
	return nil
}

// reach connects, and logs in if it should.
func (c *Client) reach(ctx context.Context, login bool) *lockstep.MailCheckError {
	var line dialed
	defer line.hangUp()
	client, err := c.client(&line, login)
	if err != nil {
		return &lockstep.MailCheckError{Step: lockstep.MailConnect, Reason: "cannot set up the mail client: " + err.Error()}
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return c.unusable(err, line.Conn != nil)
	}
	_ = connection.Quit() // the server has accepted the login, so its answer does not matter
	return nil
}

// unusable says at which step a connection failed, and why. It leaves out the server's own text.
func (c *Client) unusable(err error, connected bool) *lockstep.MailCheckError {
	address := net.JoinHostPort(c.config.Host, strconv.Itoa(c.config.Port))
	var reply *textproto.Error
	var name *net.DNSError
	switch {
	case errors.As(err, &reply):
		return &lockstep.MailCheckError{Step: lockstep.MailConnect,
			Reason: fmt.Sprintf("%s answered %d", address, reply.Code)}
	case errors.As(err, &name):
		return &lockstep.MailCheckError{Step: lockstep.MailConnect, Reason: "the name " + c.config.Host + " cannot be resolved"}
	case insecure(err), connected && c.config.TLS == StartTLS && !timedOut(err):
		return &lockstep.MailCheckError{Step: lockstep.MailEncrypt, Reason: err.Error()}
	case timedOut(err):
		return &lockstep.MailCheckError{Step: lockstep.MailConnect, Reason: address + " did not answer in time"}
	}
	return &lockstep.MailCheckError{Step: lockstep.MailConnect, Reason: err.Error()}
}

// insecure reports whether a TLS handshake failed.
func insecure(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &host)
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
