package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// mailHistory is the age up to which a purchase or a refund that we see for the first time
	// gets an e-mail. Older ones happened before Lockstep's first start.
	mailHistory = history
	// mailPatience is how long temporary failures are retried, and mailTries how often at
	// least: our own downtime does not count.
	mailPatience = 3 * 24 * time.Hour
	mailTries    = 8
	// mailLanes is how many e-mails are handed over at once. A mail server that hangs must not
	// take every slot of the runner.
	mailLanes = 2
)

// EmailStore is the part of the store that sending e-mails needs.
type EmailStore interface {
	lockstep.EmailDeliveries
	Notice(ctx context.Context, id string) (lockstep.Notice, error)
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
}

// Emails sends each notice by e-mail at most once. It stores that it is about to hand an
// e-mail over before it does. If the run dies after that, the e-mail's state is unknown, and
// it is sent again only when an operator asks for it.
type Emails struct {
	store   EmailStore
	billing lockstep.Billing
	mailer  lockstep.Mailer
	compose func(draft lockstep.EmailDraft) (lockstep.Email, error)
	members lockstep.MemberLister // nil: the directory has no memberships
	roles   []string              // of the members who manage an organization's billing
	lanes   chan struct{}
	log     *slog.Logger
}

// NewMails returns the reconciler of e-mails. Without a mailer, it skips every e-mail.
func NewMails(store EmailStore, billing lockstep.Billing, mailer lockstep.Mailer,
	compose func(draft lockstep.EmailDraft) (lockstep.Email, error), log *slog.Logger,
) *Emails {
	return &Emails{store: store, billing: billing, mailer: mailer, compose: compose, lanes: make(chan struct{}, mailLanes),
		log: log}
}

// Reconcile sends the e-mail of the claim's key unless it was sent or given up.
func (m *Emails) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	n, err := m.store.Notice(ctx, claim.Key.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return Result{}, lockstep.Terminal(fmt.Errorf("notice %s not found", claim.Key.ID))
	}
	if err != nil {
		return Result{}, err
	}
	to := recipientOf(claim.Key)
	mail, err := m.store.EmailDelivery(ctx, n.ID, to)
	if errors.Is(err, lockstep.ErrNotFound) {
		mail, err = lockstep.EmailDelivery{NoticeID: n.ID, To: to, State: lockstep.EmailPending, BeganAt: time.Now()}, nil
	}
	if err != nil {
		return Result{}, err
	}
	switch mail.State {
	case lockstep.EmailPending:
		return Result{}, m.send(ctx, claim, n, mail)
	case lockstep.EmailSending:
		mail.State, mail.Reason = lockstep.EmailUnknown, "the run that was handing it over ended before it was accepted"
		return Result{}, m.end(ctx, claim, mail)
	case lockstep.EmailUnknown, lockstep.EmailUndelivered:
		return Result{}, lockstep.Terminal(mailFailure(mail))
	case lockstep.EmailSent, lockstep.EmailSkipped:
	}
	return Result{}, nil
}

// send writes the e-mail and hands it over, or skips it.
func (m *Emails) send(ctx context.Context, claim lockstep.Claim, n lockstep.Notice, mail lockstep.EmailDelivery) error {
	draft, why, err := m.draft(ctx, n, mail)
	if err != nil {
		return err
	}
	if why != "" {
		mail.State, mail.Reason = lockstep.EmailSkipped, why
		return m.store.SaveEmailDelivery(ctx, claim, mail)
	}
	email, err := m.compose(draft)
	if err != nil {
		return lockstep.Terminal(fmt.Errorf("compose the e-mail of %s: %w", n.ID, err))
	}
	release, err := enter(ctx, m.lanes, 2*time.Second)
	if err != nil {
		return err
	}
	defer release()
	err = m.mailer.Deliver(ctx, email, func() error {
		mail.State, mail.Attempts = lockstep.EmailSending, mail.Attempts+1
		return m.store.SaveEmailDelivery(ctx, claim, mail)
	})
	// The outcome must be stored even if this run is canceled.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return m.settle(ctx, claim, mail, err)
}

// draft returns what to write and to whom, or why not to send anything.
func (m *Emails) draft(ctx context.Context, n lockstep.Notice,
	mail lockstep.EmailDelivery) (draft lockstep.EmailDraft, why string, err error) {
	find := m.addressee
	if mail.To == lockstep.ToBuyer {
		find = m.buyer
	}
	to, why, err := find(ctx, n, mail)
	if err != nil || why != "" {
		return draft, why, err
	}
	if n, why, err = m.refresh(ctx, n, mail); err != nil || why != "" {
		return draft, why, err
	}
	return lockstep.EmailDraft{Notice: noticeTo(n, mail.To), Address: to.address, Name: to.name,
		Organization: to.organization}, "", nil
}

// settle stores the outcome of handing an e-mail over.
func (m *Emails) settle(ctx context.Context, claim lockstep.Claim, mail lockstep.EmailDelivery, err error) error {
	var failed *lockstep.EmailError
	switch {
	case err == nil:
		mail.State, mail.Reason = lockstep.EmailSent, ""
		return m.store.SaveEmailDelivery(ctx, claim, mail)
	case !errors.As(err, &failed): // EmailSending could not be stored, so nothing was handed over
		mail.State, mail.Reason = lockstep.EmailPending, "the database did not store that it is being sent"
		if save := m.store.SaveEmailDelivery(ctx, claim, mail); save != nil {
			return errors.Join(err, save)
		}
		return err
	}
	mail.Reason = failed.Reason
	switch {
	case failed.Fate == lockstep.EmailUnsure:
		mail.State = lockstep.EmailUnknown
	case failed.Fate == lockstep.EmailRefused:
		mail.State = lockstep.EmailUndelivered
	case time.Since(mail.BeganAt) >= mailPatience && mail.Attempts >= mailTries:
		mail.State, mail.Reason = lockstep.EmailUndelivered, "not delivered within three days: "+failed.Reason
	default:
		mail.State = lockstep.EmailPending
		if err := m.store.SaveEmailDelivery(ctx, claim, mail); err != nil {
			return err
		}
		return &lockstep.DelayError{Reason: failed.Reason, After: mailBackoff(claim.Attempt)}
	}
	return m.end(ctx, claim, mail)
}

// end stores that an e-mail failed, and fails its key.
func (m *Emails) end(ctx context.Context, claim lockstep.Claim, mail lockstep.EmailDelivery) error {
	if err := m.store.SaveEmailDelivery(ctx, claim, mail); err != nil {
		return err
	}
	return lockstep.Terminal(mailFailure(mail))
}

func mailFailure(mail lockstep.EmailDelivery) error {
	if mail.State == lockstep.EmailUnknown {
		return fmt.Errorf("the e-mail may have been sent: %s; to send it again: POST /v1/notices/%s/send%s",
			mail.Reason, mail.NoticeID, requestOf(mail.To))
	}
	return fmt.Errorf("the e-mail was not delivered: %s", mail.Reason)
}

// mailBackoff returns how long to wait after the given try: from half a minute to two hours,
// which greylisting servers expect.
func mailBackoff(attempt int) time.Duration {
	const first, most = 30 * time.Second, 2 * time.Hour
	full := most
	if attempt < 10 {
		full = min(first<<max(attempt-1, 0), most)
	}
	return full/2 + rand.N(full/2)
}
