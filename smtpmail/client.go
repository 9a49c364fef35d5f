package smtpmail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/lockstep-dev/lockstep"
)

// Client sends e-mails through one mail server. Each e-mail has its own connection.
type Client struct {
	config Config
	from   *netmail.Address
}

var _ lockstep.Mailer = (*Client)(nil)

// New returns a client, or the error of [Config.Validate]. It does not connect.
func New(c Config) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail: from: %w", err)
	}
	return &Client{config: c.withDefaults(), from: from}, nil
}

// Deliver implements [lockstep.Mailer]. Its errors are [*lockstep.EmailError], or the
// error of ready.
func (c *Client) Deliver(ctx context.Context, email lockstep.Email, ready func() error) error {
	message, err := c.message(email)
	if err != nil {
		return err
	}
	var line dialed
	defer line.hangUp()
	client, err := c.client(&line, true)
	if err != nil {
		return &lockstep.EmailError{Fate: lockstep.EmailDelayed, Reason: "cannot set up the mail client: " + err.Error()}
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return unreached(err)
	}
	if err := ready(); err != nil {
		return err
	}
	// The library ignores ctx while it sends. Only the timeout applies.
	if err := client.SendWithSMTPClient(connection, message); err != nil {
		if failed := deliveryError(err); failed != nil {
			return failed
		}
	}
	_ = connection.Quit() // the server has accepted the e-mail, so its answer does not matter
	return nil
}

// dialed is the connection to the mail server. We close it ourselves, because the library
// leaves it open if the greeting, TLS or login fails.
type dialed struct{ net.Conn }

func (d *dialed) hangUp() {
	if d.Conn != nil {
		_ = d.Close() // does nothing after Quit
	}
}

// dial connects with a dialer and keeps the connection.
func (d *dialed) dial(by interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		conn, err = by.DialContext(ctx, network, address)
		d.Conn = conn
		return conn, err
	}
}

// client returns the library's client, which connects through line and logs in if it should.
func (c *Client) client(line *dialed, login bool) (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(c.config.Port), mail.WithTimeout(c.config.Timeout), mail.WithTLSConfig(c.config.TLSConfig),
		mail.WithoutNoop(), mail.WithoutRset(),
	}
	switch c.config.TLS {
	case StartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithDialContextFunc(line.dial(&net.Dialer{})))
	case Implicit: // the library sees that the connection is encrypted and skips STARTTLS
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic),
			mail.WithDialContextFunc(line.dial(&tls.Dialer{Config: c.config.TLSConfig})))
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS), mail.WithDialContextFunc(line.dial(&net.Dialer{})))
	}
	if login && c.config.Username != "" {
		method := mail.SMTPAuthAutoDiscover
		if c.config.TLS == NoTLS { // Validate allows this only for this machine
			method = mail.SMTPAuthPlainNoEnc
		}
		options = append(options, mail.WithSMTPAuth(method), mail.WithUsername(c.config.Username),
			mail.WithPassword(c.config.Password.Reveal()))
	}
	return mail.NewClient(c.config.Host, options...)
}

// message returns the e-mail in the form that the library sends.
func (c *Client) message(email lockstep.Email) (*mail.Msg, error) {
	for _, header := range []string{email.ID, email.To, email.Subject} {
		if strings.ContainsAny(header, "\r\n\x00") {
			return nil, &lockstep.EmailError{Fate: lockstep.EmailRefused, Reason: "a header contains a line break"}
		}
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(c.from)
	m.ToMailAddress(&netmail.Address{Address: email.To})
	m.Subject(email.Subject)
	m.SetMessageIDWithValue(email.ID)
	m.SetDate()
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: prevents automatic replies
	m.SetBodyString(mail.TypeTextPlain, email.Text)
	m.AddAlternativeString(mail.TypeTextHTML, email.HTML)
	return m, nil
}

// unreached returns the error for a failed connection or login.
func unreached(err error) error {
	failed := &lockstep.EmailError{Fate: lockstep.EmailDelayed, Reason: "cannot reach the mail server: " + err.Error()}
	var reply *textproto.Error
	if errors.As(err, &reply) { // its text comes from the server
		failed.Reason = fmt.Sprintf("the mail server refused the connection or login: %d", reply.Code)
	}
	return failed
}

// deliveryError returns what a failed attempt to send means for the e-mail; nil if the
// server has accepted it.
func deliveryError(err error) *lockstep.EmailError {
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		return &lockstep.EmailError{Fate: lockstep.EmailUnsure,
			Reason: "lost the connection to the mail server while sending the e-mail"}
	}
	if failed.Reason == mail.ErrSMTPReset { // the server has already accepted the e-mail
		return nil
	}
	step, permanent, decisive := stepOf(failed.Reason)
	code := failed.ErrorCode()
	switch {
	case code >= 500 && permanent:
		return &lockstep.EmailError{Fate: lockstep.EmailRefused, Reason: fmt.Sprintf("the mail server refused %s: %d %s", step, code, failed.EnhancedStatusCode())}
	case code >= 400:
		return &lockstep.EmailError{Fate: lockstep.EmailDelayed,
			Reason: fmt.Sprintf("the mail server did not accept %s yet: %d %s", step, code, failed.EnhancedStatusCode())}
	case decisive:
		return &lockstep.EmailError{Fate: lockstep.EmailUnsure,
			Reason: "lost the connection to the mail server while sending the e-mail"}
	}
	return &lockstep.EmailError{Fate: lockstep.EmailDelayed,
		Reason: "lost the connection to the mail server before the e-mail was sent, at " + step}
}

// stepOf returns what the server was asked to accept when an attempt failed. A 5xx is a
// refusal if permanent is true. If decisive is true, the server may have accepted the
// e-mail although the connection was lost.
func stepOf(reason mail.SendErrReason) (step string, permanent, decisive bool) {
	switch reason { //nolint:exhaustive // the other reasons occur before anything is sent
	case mail.ErrSMTPMailFrom: // the operator can fix the sender
		return "the sender", false, false
	case mail.ErrSMTPRcptTo:
		return "the recipient", true, false
	case mail.ErrSMTPData:
		return "the e-mail", true, false
	case mail.ErrWriteContent, mail.ErrSMTPDataClose, mail.ErrAmbiguous:
		return "the e-mail", true, true
	}
	return "checking the connection", false, false
}
