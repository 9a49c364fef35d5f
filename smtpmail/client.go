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

// Client hands letters to one mail server, each over a connection of its own.
type Client struct {
	config Config
	from   *netmail.Address
}

var _ lockstep.Mailer = (*Client)(nil)

// New returns a client. It does no input or output.
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

// Deliver implements [lockstep.Mailer].
func (c *Client) Deliver(ctx context.Context, letter lockstep.Email, ready func() error) error {
	message, err := c.message(letter)
	if err != nil {
		return err
	}
	var line dialed
	defer line.hangUp()
	client, err := c.client(&line)
	if err != nil {
		return &lockstep.EmailError{Fate: lockstep.EmailDelayed, Reason: "the mail client cannot be set up: " + err.Error()}
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return unreached(err)
	}
	if err := ready(); err != nil {
		return err
	}
	// Sending itself heeds no context, only the timeout.
	if err := client.SendWithSMTPClient(connection, message); err != nil {
		if failed := fate(err); failed != nil {
			return failed
		}
	}
	_ = connection.Quit() // it is accepted, whatever the server says to this
	return nil
}

// dialed is the connection to the mail server. The library leaves it open where the server's
// greeting, TLS or login fails.
type dialed struct{ net.Conn }

func (d *dialed) hangUp() {
	if d.Conn != nil {
		_ = d.Close() // after Quit it does nothing
	}
}

// dial connects by a dialer and remembers the connection.
func (d *dialed) dial(by interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		conn, err = by.DialContext(ctx, network, address)
		d.Conn = conn
		return conn, err
	}
}

func (c *Client) client(line *dialed) (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(c.config.Port), mail.WithTimeout(c.config.Timeout), mail.WithTLSConfig(c.config.TLSConfig),
		mail.WithoutNoop(), mail.WithoutRset(),
	}
	switch c.config.TLS {
	case StartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithDialContextFunc(line.dial(&net.Dialer{})))
	case Implicit: // what is encrypted already needs no STARTTLS, and the library sees that it is
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic),
			mail.WithDialContextFunc(line.dial(&tls.Dialer{Config: c.config.TLSConfig})))
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS), mail.WithDialContextFunc(line.dial(&net.Dialer{})))
	}
	if c.config.Username != "" {
		login := mail.SMTPAuthAutoDiscover
		if c.config.TLS == NoTLS { // to this machine only
			login = mail.SMTPAuthPlainNoEnc
		}
		options = append(options, mail.WithSMTPAuth(login), mail.WithUsername(c.config.Username),
			mail.WithPassword(c.config.Password.Reveal()))
	}
	return mail.NewClient(c.config.Host, options...)
}

// message is the letter as it goes over the wire.
func (c *Client) message(letter lockstep.Email) (*mail.Msg, error) {
	for _, header := range []string{letter.ID, letter.To, letter.Subject} {
		if strings.ContainsAny(header, "\r\n\x00") {
			return nil, &lockstep.EmailError{Fate: lockstep.EmailRefused, Reason: "a header would have more than one line"}
		}
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(c.from)
	m.ToMailAddress(&netmail.Address{Address: letter.To})
	m.Subject(letter.Subject)
	m.SetMessageIDWithValue(letter.ID)
	m.SetDate()
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday notice answers
	m.SetBodyString(mail.TypeTextPlain, letter.Text)
	m.AddAlternativeString(mail.TypeTextHTML, letter.HTML)
	return m, nil
}

// unreached says why the server could not be reached, or let nobody in.
func unreached(err error) error {
	failed := &lockstep.EmailError{Fate: lockstep.EmailDelayed, Reason: "the mail server was not reached: " + err.Error()}
	var reply *textproto.Error
	if errors.As(err, &reply) { // its text is the server's
		failed.Reason = fmt.Sprintf("the mail server did not let us in: it answered %d", reply.Code)
	}
	return failed
}

// fate says what became of a letter of which sending has failed; nil: it was accepted.
func fate(err error) *lockstep.EmailError {
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		return &lockstep.EmailError{Fate: lockstep.EmailUnsure,
			Reason: "the mail server was lost while the letter was handed over"}
	}
	step, permanent, decisive := "checking the connection", false, false
	switch failed.Reason { //nolint:exhaustive // what is not listed is before anything is handed over
	case mail.ErrSMTPReset: // after the letter was accepted
		return nil
	case mail.ErrSMTPMailFrom: // the sender can be mended
		step = "the sender"
	case mail.ErrSMTPRcptTo:
		step, permanent = "the recipient", true
	case mail.ErrSMTPData:
		step, permanent = "the letter", true
	case mail.ErrWriteContent, mail.ErrSMTPDataClose, mail.ErrAmbiguous:
		step, permanent, decisive = "the letter", true, true
	}
	code := failed.ErrorCode()
	switch {
	case code >= 500 && permanent:
		return &lockstep.EmailError{Fate: lockstep.EmailRefused, Reason: fmt.Sprintf("the mail server refused %s: %d %s",
			step,
			code, failed.EnhancedStatusCode())}
	case code >= 400:
		return &lockstep.EmailError{Fate: lockstep.EmailDelayed,
			Reason: fmt.Sprintf("the mail server does not take %s now: %d %s", step, code, failed.EnhancedStatusCode())}
	case decisive:
		return &lockstep.EmailError{Fate: lockstep.EmailUnsure,
			Reason: "the mail server was lost while the letter was handed over"}
	}
	return &lockstep.EmailError{Fate: lockstep.EmailDelayed,
		Reason: "the mail server was lost before the letter was handed over, at " + step}
}
