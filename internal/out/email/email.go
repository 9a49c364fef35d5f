package email

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base32"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"net/mail"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"github.com/lockstep-dev/lockstep"
)

//go:embed templates/*.txt templates/*.html
var defaults embed.FS

// Config is what letters are made of.
type Config struct {
	App       string // the application's name
	AppURL    string // where its users go; may be empty
	Domain    string // of the Message-IDs: the sender's
	Templates fs.FS  // files that replace the built-in ones; nil: none
}

// Kinds are the kinds of notice of which there is a letter.
func Kinds() []lockstep.NoticeKind {
	return []lockstep.NoticeKind{
		lockstep.NoticeLicenseGranted, lockstep.NoticePaymentFailed, lockstep.NoticeSubscriptionStarted,
		lockstep.NoticeSubscriptionTrialEnding, lockstep.NoticeSubscriptionEnded, lockstep.NoticeAccessEnded,
	}
}

// Renderer composes letters.
type Renderer struct {
	config Config
	texts  map[lockstep.NoticeKind]*texttemplate.Template
	htmls  map[lockstep.NoticeKind]*htmltemplate.Template
}

// Values is what a template may say.
type Values struct {
	App, AppURL string
	Name        string // of the account; may be empty
	Plan        string
	Price       string // "49.00 EUR"; empty where the notice knows none
	Until       string // "2 January 2027"; empty where there is none
	Trial       bool   // it is, or was, a trial
	Ending      bool   // it will not renew
	Status      string
}

// New reads all templates and tries each of them, so that a mistake is found at
// the start and not when somebody has paid.
func New(c Config) (*Renderer, error) {
	l := &Renderer{config: c, texts: map[lockstep.NoticeKind]*texttemplate.Template{},
		htmls: map[lockstep.NoticeKind]*htmltemplate.Template{}}
	problems := []error{unknownFiles(c.Templates)}
	for _, kind := range Kinds() {
		problems = append(problems, l.read(kind))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	until := time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, kind := range Kinds() {
		for _, facts := range []lockstep.Facts{{}, {Plan: "pro", Amount: 4900, Currency: "eur", Status: "trialing",
			Until: &until, Ending: true}} {
			_, err := l.Compose(lockstep.Notice{ID: string(kind) + ":sample", Kind: kind, Facts: facts}, "sample@example.com",
				"Sam Sample")
			if err != nil {
				problems = append(problems, err)
				break
			}
		}
	}
	return l, errors.Join(problems...)
}

// unknownFiles refuses files that replace nothing: their names are misspelt.
func unknownFiles(files fs.FS) error {
	if files == nil {
		return nil
	}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return fmt.Errorf("read mail templates: %w", err)
	}
	var known []string
	for _, kind := range Kinds() {
		known = append(known, string(kind)+".txt", string(kind)+".html")
	}
	var problems []error
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(known, e.Name()) {
			problems = append(problems, fmt.Errorf("mail template %s replaces nothing; there are %s", e.Name(),
				strings.Join(known, ", ")))
		}
	}
	return errors.Join(problems...)
}

func (l *Renderer) read(kind lockstep.NoticeKind) error {
	text, err := l.file(string(kind) + ".txt")
	if err != nil {
		return err
	}
	html, err := l.file(string(kind) + ".html")
	if err != nil {
		return err
	}
	var failed [2]error
	l.texts[kind], failed[0] = texttemplate.New(string(kind) + ".txt").Option("missingkey=error").Parse(text)
	l.htmls[kind], failed[1] = htmltemplate.New(string(kind) + ".html").Option("missingkey=error").Parse(html)
	for i, err := range failed {
		if err != nil {
			failed[i] = fmt.Errorf("mail template: %w", err)
		}
	}
	return errors.Join(failed[:]...)
}

// file is the operator's, else the built-in one.
func (l *Renderer) file(name string) (string, error) {
	if l.config.Templates != nil {
		text, err := fs.ReadFile(l.config.Templates, name)
		if err == nil {
			return string(text), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("read mail template %s: %w", name, err)
		}
	}
	text, err := fs.ReadFile(defaults, "templates/"+name)
	return string(text), err
}

// Compose writes the letter that tells of a notice to somebody.
func (l *Renderer) Compose(n lockstep.Notice, email, name string) (lockstep.Email, error) {
	text, known := l.texts[n.Kind]
	if !known {
		return lockstep.Email{}, fmt.Errorf("there is no letter of kind %q", n.Kind)
	}
	address, err := mail.ParseAddress(email)
	if err != nil || strings.ContainsFunc(address.Address, unicode.IsControl) {
		return lockstep.Email{}, errors.New("the e-mail address is none") // what it is must not be logged
	}
	values := l.values(n, name)
	var plain, rich bytes.Buffer
	if err := text.Execute(&plain, values); err != nil {
		return lockstep.Email{}, fmt.Errorf("mail template: %w", err)
	}
	if err := l.htmls[n.Kind].Execute(&rich, values); err != nil {
		return lockstep.Email{}, fmt.Errorf("mail template: %w", err)
	}
	head, body, found := strings.Cut(strings.ReplaceAll(plain.String(), "\r\n", "\n"), "\n\n")
	subject, isSubject := strings.CutPrefix(head, "Subject: ")
	if !found || !isSubject || strings.TrimSpace(subject) == "" || strings.Contains(subject, "\n") {
		return lockstep.Email{}, fmt.Errorf("mail template %s.txt does not begin with a line \"Subject: …\" and an empty line", n.Kind)
	}
	return lockstep.Email{ID: l.messageID(n.ID), To: address.Address, Subject: strings.TrimSpace(subject), Text: body,
		HTML: rich.String()}, nil
}

// messageID is the same each time a notice is mailed, so that a mailbox that gets
// it twice can see that.
func (l *Renderer) messageID(noticeID string) string {
	sum := sha256.Sum256([]byte(noticeID))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:20])) + "@" + l.config.Domain
}

func (l *Renderer) values(n lockstep.Notice, name string) Values {
	f := n.Facts
	v := Values{App: oneLine(l.config.App), AppURL: l.config.AppURL, Name: oneLine(name), Plan: oneLine(f.Plan),
		Price: price(f.Amount, f.Currency), Trial: f.Status == "trialing", Ending: f.Ending, Status: oneLine(f.Status)}
	if f.Until != nil {
		v.Until = f.Until.UTC().Format("2 January 2006")
	}
	return v
}

// oneLine takes out what is not printable, and cuts what nobody's name is as long as.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 100 {
		s = string(runes[:100]) + "…"
	}
	return strings.TrimSpace(s)
}
