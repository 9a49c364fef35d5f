package server

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/out/email"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/internal/tracing"
)

// Email configures which notices are sent by e-mail, and how. The zero value sends none.
type Email struct {
	Mailer    lockstep.Mailer       // for example package smtpmail's; nil: no e-mails
	Send      []lockstep.NoticeKind // nil: DefaultMails
	App       string                // the app's name, as e-mails show it
	AppURL    string                // where users manage their billing; may be empty
	Color     string                // the accent color, as #rrggbb; empty: blue
	Domain    string                // the sender's domain, for Message-IDs
	Templates fs.FS                 // files that replace the built-in templates; nil: none
	Page      http.Handler          // shows the e-mails at /mail and below, for development; nil: none
}

// DefaultMails returns the kinds that are sent unless Send says otherwise. Upcoming renewals
// are not among them, and receipts of renewals are left to Stripe.
func DefaultMails() []lockstep.NoticeKind {
	return []lockstep.NoticeKind{lockstep.NoticeLicenseGranted, lockstep.NoticeSubscriptionStarted,
		lockstep.NoticeSubscriptionTrialEnding, lockstep.NoticePaymentFailed, lockstep.NoticePaymentActionRequired,
		lockstep.NoticePaymentRefunded, lockstep.NoticeAccessEnded}
}

// Validate reports all problems together. [New] checks the templates and the color.
func (m Email) Validate() error {
	if m.Mailer == nil {
		return nil
	}
	var problems []error
	for _, kind := range m.Send {
		if !slices.Contains(email.Kinds(), kind) {
			problems = append(problems, fmt.Errorf("mail.send: %q is not a kind of notice; use any of %q", kind,
				email.Kinds()))
		}
	}
	if m.App == "" {
		problems = append(problems, errors.New("mail.app: the app's name is missing; e-mails show it"))
	}
	if m.Domain == "" {
		problems = append(problems, errors.New("mail.from: the sender's domain is missing; Message-IDs need it"))
	}
	if u, err := url.Parse(m.AppURL); m.AppURL != "" &&
		(err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		problems = append(problems, fmt.Errorf("mail.app_url: %q is not a URL; for example https://app.example.com/billing",
			m.AppURL))
	}
	return errors.Join(problems...)
}

// sends reports whether notices of a kind are e-mailed.
func (m Email) sends(kind lockstep.NoticeKind) bool {
	kinds := m.Send
	if kinds == nil {
		kinds = DefaultMails()
	}
	return m.Mailer != nil && slices.Contains(kinds, kind)
}

// channel hands a notice to the e-mails that it causes. A failed payment that waits for the
// customer to confirm it has a notice of its own, whose e-mail says what to do: one is enough.
func (m Email) channel(n lockstep.Notice) []lockstep.Key {
	if !m.sends(n.Kind) {
		return nil
	}
	if n.Kind == lockstep.NoticePaymentFailed && n.Facts.ActionRequired &&
		m.sends(lockstep.NoticePaymentActionRequired) {
		return nil
	}
	keys := []lockstep.Key{n.EmailKey()}
	if n.Kind.OfPurchase() {
		keys = append(keys, n.EmailKeyTo(lockstep.ToBuyer))
	}
	return keys
}

// reconciler returns what sends e-mails. roles are those whose members manage an
// organization's billing.
func (m Email) reconciler(store lockstep.Store, billing lockstep.Billing, members lockstep.MemberLister, roles []string,
	log *slog.Logger) (runner.Reconciler, error) {
	if m.Mailer == nil {
		return reconcile.NewMails(store, billing, nil, nil, log), nil
	}
	renderer, err := email.New(email.Config{App: m.App, AppURL: m.AppURL, Color: m.Color, Domain: m.Domain,
		Templates: m.Templates})
	if err != nil {
		return nil, err
	}
	mailer := tracing.Mailer(m.Mailer)
	return reconcile.NewMails(store, billing, mailer, renderer.Compose, log).ToMembers(members, roles), nil
}
