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
)

// Email configures which notices are sent by e-mail, and how. The zero value sends none.
type Email struct {
	Mailer    lockstep.Mailer       // as package smtpmail makes it; nil: nothing is mailed
	Send      []lockstep.NoticeKind // nil: DefaultMails
	App       string                // the application's name, for the letters
	AppURL    string                // where its users look after their billing; may be empty
	Domain    string                // of the Message-IDs: the sender's
	Templates fs.FS                 // files that replace the built-in templates; nil: none
	Page      http.Handler          // shows the letters at /mail, for development; nil: none
}

// DefaultMails is what is mailed unless told otherwise. Receipts of renewals are
// Stripe's own business.
func DefaultMails() []lockstep.NoticeKind {
	return []lockstep.NoticeKind{lockstep.NoticeLicenseGranted, lockstep.NoticeSubscriptionStarted,
		lockstep.NoticeSubscriptionTrialEnding, lockstep.NoticePaymentFailed, lockstep.NoticeAccessEnded}
}

// Validate reports every problem at once. Templates are tried by [New].
func (m Email) Validate() error {
	if m.Mailer == nil {
		return nil
	}
	var problems []error
	for _, kind := range m.Send {
		if !slices.Contains(email.Kinds(), kind) {
			problems = append(problems, fmt.Errorf("mail: nothing is called %q; there are %q", kind, email.Kinds()))
		}
	}
	if m.App == "" {
		problems = append(problems, errors.New("mail: the application has no name for the letters (app)"))
	}
	if m.Domain == "" {
		problems = append(problems, errors.New("mail: there is no domain for the Message-IDs"))
	}
	if u, err := url.Parse(m.AppURL); m.AppURL != "" &&
		(err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		problems = append(problems, fmt.Errorf("mail: the application's URL %q is none, as in https://app.example/billing",
			m.AppURL))
	}
	return errors.Join(problems...)
}

// sends is the channel of what is mailed.
func (m Email) sends() reconcile.Channel {
	kinds := m.Send
	if kinds == nil {
		kinds = DefaultMails()
	}
	return func(n lockstep.Notice) []lockstep.Key {
		if m.Mailer == nil || !slices.Contains(kinds, n.Kind) {
			return nil
		}
		keys := []lockstep.Key{n.EmailKey()}
		if n.Kind.OfPurchase() {
			keys = append(keys, n.EmailKeyTo(lockstep.ToBuyer))
		}
		return keys
	}
}

// reconciler mails. roles are those whose members look after an organization's billing.
func (m Email) reconciler(store lockstep.Store, billing lockstep.Billing, members lockstep.MemberLister, roles []string,
	log *slog.Logger) (runner.Reconciler, error) {
	if m.Mailer == nil {
		return reconcile.NewMails(store, billing, nil, nil, log), nil
	}
	written, err := email.New(email.Config{App: m.App, AppURL: m.AppURL, Domain: m.Domain, Templates: m.Templates})
	if err != nil {
		return nil, err
	}
	return reconcile.NewMails(store, billing, m.Mailer, written.Compose, log).ToMembers(members, roles), nil
}
