package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/smtpmail"
)

// mailSettings is [mail] in lockstep.toml. Without it, Lockstep sends no e-mail.
type mailSettings struct {
	Host      string   `toml:"host" default:"none" doc:"The mail server"`
	Port      int      `toml:"port" default:"follows from tls" doc:"The mail server's port" more:"587 for \"starttls\", 465 for \"implicit\", 25 for \"none\"."`
	TLS       string   `toml:"tls" default:"starttls" doc:"How to encrypt: \"starttls\", \"implicit\" or \"none\""`
	Plaintext bool     `toml:"plaintext" default:"false" doc:"Allow tls = \"none\" to a server on another machine"`
	From      string   `toml:"from" default:"required" doc:"The sender, for example \"Acme <billing@acme.example>\""`
	Send      []string `toml:"send" default:"see notices.md" doc:"The kinds of notice to send by e-mail"`
	Templates string   `toml:"templates" default:"none" doc:"A folder with templates that replace the built-in ones"`
	App       string   `toml:"app" default:"required" doc:"Your app's name, for the e-mails"`
	AppURL    string   `toml:"app_url" default:"none" doc:"Where users manage their billing"`
	Color     string   `toml:"color" default:"#3d4fd1" doc:"The accent color of the e-mails, as #rrggbb"`
}

// apply adds [mail] and the environment's SMTP login to a server's configuration.
func (m mailSettings) apply(c *server.Config, getenv func(string) string) error {
	if m.Host == "" {
		if !reflect.ValueOf(m).IsZero() {
			return errors.New("mail.host: the mail server is missing; for example host = \"smtp.example.com\"")
		}
		return nil
	}
	smtp := smtpmail.Config{Host: m.Host, Port: m.Port, TLS: smtpmail.TLS(m.TLS), Plaintext: m.Plaintext, From: m.From,
		Username: strings.TrimSpace(getenv("LOCKSTEP_SMTP_USERNAME")),
		Password: lockstep.Secret(getenv("LOCKSTEP_SMTP_PASSWORD"))}
	mailer, err := smtpmail.New(smtp)
	if err != nil {
		return err
	}
	c.Email = server.Email{Mailer: mailer, App: m.App, AppURL: m.AppURL, Color: m.Color,
		Domain: smtp.Domain()}
	for _, kind := range m.Send {
		c.Email.Send = append(c.Email.Send, lockstep.NoticeKind(kind))
	}
	if m.Send != nil && len(m.Send) == 0 {
		return errors.New("mail.send: the list is empty, so no e-mail would be sent; leave it out for the default, or leave [mail] out")
	}
	if m.Templates != "" {
		if _, err := os.Stat(m.Templates); err != nil {
			return fmt.Errorf("mail.templates: %w", err)
		}
		c.Email.Templates = os.DirFS(m.Templates)
	}
	return nil
}
