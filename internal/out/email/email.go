package email

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base32"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net/mail"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"github.com/lockstep-dev/lockstep"
)

//go:embed templates
var builtIn embed.FS

// Renderer writes e-mails.
type Renderer struct {
	config Config
	words  map[lockstep.NoticeKind]*texttemplate.Template // the built-in messages
	text   *texttemplate.Template                         // the built-in layouts
	html   *htmltemplate.Template
	texts  map[lockstep.NoticeKind]*texttemplate.Template // the operator's templates
	htmls  map[lockstep.NoticeKind]*htmltemplate.Template
}

// Kinds returns the kinds of notice that can be sent by e-mail.
func Kinds() []lockstep.NoticeKind { return lockstep.NoticeKinds() }

// New reads all templates and renders a sample with each, so that a mistake shows when
// Lockstep starts and not when somebody has paid.
func New(c Config) (*Renderer, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	r := &Renderer{config: c.withDefaults()}
	if err := errors.Join(r.readBuiltIn(), r.readOverrides()); err != nil {
		return nil, err
	}
	var problems []error
	for _, kind := range Kinds() {
		problems = append(problems, r.try(kind))
	}
	return r, errors.Join(problems...)
}

// try renders e-mails of a kind that have everything to say, and nothing.
func (r *Renderer) try(kind lockstep.NoticeKind) error {
	until := time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC)
	for _, facts := range []lockstep.Facts{{}, {Plan: "pro", Amount: 4900, PaymentAmount: 9900, Currency: "eur",
		Status: "trialing", Until: &until, PeriodStart: &until, PeriodEnd: &until, At: &until, Ending: true,
		ActionRequired: true, Checkout: "cs_1", InvoiceURL: "https://invoice.example", ReceiptURL: "https://receipt.example"}} {
		_, err := r.Compose(lockstep.EmailDraft{Notice: lockstep.Notice{ID: string(kind) + ":sample", Kind: kind,
			Facts: facts}, Address: "sample@example.com", Name: "Sam Sample", Organization: "Sample & Sons"})
		if err != nil {
			return err
		}
	}
	return nil
}

// Compose writes the e-mail of a draft.
func (r *Renderer) Compose(draft lockstep.EmailDraft) (lockstep.Email, error) {
	kind := draft.Notice.Kind
	words, known := r.words[kind]
	if !known {
		return lockstep.Email{}, fmt.Errorf("no e-mail exists for notices of kind %q", kind)
	}
	address, err := mail.ParseAddress(draft.Address)
	if err != nil || strings.ContainsFunc(address.Address, unicode.IsControl) {
		return lockstep.Email{}, errors.New("the e-mail address is invalid") // an address must not reach the log
	}
	values := r.config.values(draft)
	if err := values.say(words); err != nil {
		return lockstep.Email{}, err
	}
	subject, text, err := r.renderText(kind, values)
	if err != nil {
		return lockstep.Email{}, err
	}
	html, err := r.renderHTML(kind, values)
	if err != nil {
		return lockstep.Email{}, err
	}
	return lockstep.Email{ID: r.messageID(draft.Notice.ID), To: address.Address, Subject: subject, Text: text,
		HTML: html}, nil
}

// renderText returns the subject and the text part.
func (r *Renderer) renderText(kind lockstep.NoticeKind, values *Values) (subject, text string, err error) {
	template, replaced := r.texts[kind]
	if !replaced {
		template = r.text
	}
	var out bytes.Buffer
	if err := template.Execute(&out, values); err != nil {
		return "", "", fmt.Errorf("mail template: %w", err)
	}
	if !replaced {
		return values.Subject, out.String(), nil
	}
	head, body, found := strings.Cut(strings.ReplaceAll(out.String(), "\r\n", "\n"), "\n\n")
	subject, isSubject := strings.CutPrefix(head, "Subject: ")
	subject = strings.TrimSpace(subject)
	if !found || !isSubject || subject == "" || strings.Contains(subject, "\n") {
		return "", "", fmt.Errorf("mail template %s.txt: it must start with a line \"Subject: …\" and an empty line", kind)
	}
	return subject, body, nil
}

func (r *Renderer) renderHTML(kind lockstep.NoticeKind, values *Values) (string, error) {
	template, replaced := r.htmls[kind]
	if !replaced {
		template = r.html
	}
	var out bytes.Buffer
	if err := template.Execute(&out, values); err != nil {
		return "", fmt.Errorf("mail template: %w", err)
	}
	return out.String(), nil
}

// messageID returns the same ID each time a notice is sent, so that a mailbox that gets it
// twice can drop one.
func (r *Renderer) messageID(noticeID string) string {
	sum := sha256.Sum256([]byte(noticeID))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:20])) + "@" + r.config.Domain
}
