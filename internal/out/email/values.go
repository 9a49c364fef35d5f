package email

import (
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/money"
)

// Values are what a template can say. Strings are one line each, and empty where a notice
// knows nothing.
type Values struct {
	Kind         string // "subscription.started"
	App, AppURL  string
	Name         string // the recipient's name
	Organization string // the organization that the notice is about
	Plan         string // "Pro"
	Product      string // the app and the plan: "Acme Notes Pro"
	Price        string // "$49.00"; of a refund: what was refunded
	PaymentPrice string // of a refund: the payment
	Until        string // "December 30, 2026": the end of the trial, the period or the license
	Paid         string // the day of a one-time payment or a refund
	Period       string // "November 30, 2026 – December 30, 2026"
	Status       string // Stripe's status of the subscription, or the license's
	Trial        bool   // it is, or was, a trial
	Ending       bool   // the subscription will not renew
	OneTime      bool   // it is about a one-time payment
	Partial      bool   // only a part of the payment was refunded
	First        bool   // it is the first payment of a subscription
	InvoiceURL   string // Stripe's page to read, pay or confirm the invoice
	ReceiptURL   string // Stripe's receipt

	// The built-in message, for templates that change only the layout.
	Subject, Title, Preheader string
	Lines                     []string // paragraphs
	Rows                      []Row    // the table of details
	Button, Link              Action
	Footer                    []string

	Color, ColorText htmltemplate.CSS // the accent color, and the text color on it
}

// Row is a line of the table of details.
type Row struct{ Label, Value string }

// Action is a link; its zero value is no link.
type Action struct{ Text, URL string }

// values returns what is known about a draft, without the message.
func (c Config) values(draft lockstep.EmailDraft) *Values {
	n, f := draft.Notice, draft.Notice.Facts
	v := &Values{
		Kind: string(n.Kind), App: oneLine(c.App), AppURL: c.AppURL,
		Name: oneLine(draft.Name), Organization: oneLine(draft.Organization),
		Plan: planName(oneLine(f.Plan)), Price: price(f.Amount, f.Currency), PaymentPrice: price(f.PaymentAmount, f.Currency),
		Until: day(f.Until), Paid: day(f.At), Status: oneLine(f.Status),
		Trial: f.Status == "trialing", Ending: f.Ending, OneTime: f.Checkout != "",
		Partial: f.Amount < f.PaymentAmount, First: f.Status == "incomplete",
		InvoiceURL: page(f.InvoiceURL), ReceiptURL: page(f.ReceiptURL),
		Color: htmltemplate.CSS(c.Color), ColorText: htmltemplate.CSS(textOn(c.Color)), //nolint:gosec // validated
	}
	v.Product = v.App
	switch {
	case v.Plan == "":
	case strings.HasPrefix(strings.ToLower(v.Plan), strings.ToLower(v.App)):
		v.Product = v.Plan
	default:
		v.Product += " " + v.Plan
	}
	if f.PeriodStart != nil && f.PeriodEnd != nil && !v.Trial {
		v.Period = day(f.PeriodStart) + " – " + day(f.PeriodEnd)
	}
	return v
}

// say fills in the message of a kind's words.
func (v *Values) say(words *texttemplate.Template) (err error) {
	block := func(name string) string {
		var out strings.Builder
		if failed := words.ExecuteTemplate(&out, name, v); failed != nil {
			err = fmt.Errorf("mail template: %w", failed)
		}
		return strings.TrimSpace(out.String())
	}
	v.Subject, v.Title, v.Preheader = block("subject"), block("title"), block("preheader")
	v.Lines, v.Footer = lines(block("lines")), lines(block("footer"))
	v.Rows = nil
	for _, line := range lines(block("rows")) {
		if label, value, found := strings.Cut(line, ": "); found {
			v.Rows = append(v.Rows, Row{label, value})
		}
	}
	v.Button, v.Link = action(block("button")), action(block("link"))
	return err
}

// lines returns the lines of a block that say something.
func lines(block string) (some []string) {
	for line := range strings.Lines(block) {
		if line = strings.TrimSpace(line); line != "" {
			some = append(some, line)
		}
	}
	return some
}

// action reads "Open Acme Notes -> https://…". Without an address there is no link.
func action(block string) Action {
	at := strings.LastIndex(block, " -> ")
	if at < 0 {
		return Action{}
	}
	return Action{block[:at], strings.TrimSpace(block[at+len(" -> "):])}
}

// page returns address if it is a web address, else "".
func page(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String() // without line breaks, which a URL escapes
}

// day returns a date as "December 30, 2026"; empty for nil.
func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("January 2, 2006")
}

// planName returns a plan's name for people: "team_yearly" becomes "Team Yearly". A name with
// spaces or capitals is kept. The id of a price is no name.
func planName(plan string) string {
	if strings.HasPrefix(plan, "price_") {
		return ""
	}
	if strings.ContainsFunc(plan, func(r rune) bool { return unicode.IsUpper(r) || unicode.IsSpace(r) }) {
		return plan
	}
	words := strings.FieldsFunc(plan, func(r rune) bool { return r == '_' || r == '-' })
	for i, word := range words {
		runes := []rune(word)
		runes[0] = unicode.ToTitle(runes[0])
		words[i] = string(runes)
	}
	return strings.Join(words, " ")
}

// longestValue is the length in characters at which a name is cut.
const longestValue = 100

// oneLine removes what is not printable, and cuts a text that is longer than any name.
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
	if runes := []rune(s); len(runes) > longestValue {
		s = string(runes[:longestValue]) + "…"
	}
	return strings.TrimSpace(s)
}

// price returns an amount for people; empty for none.
func price(amount int64, currency string) string {
	if currency = oneLine(currency); currency == "" || amount <= 0 {
		return ""
	}
	return money.Text(amount, currency)
}
