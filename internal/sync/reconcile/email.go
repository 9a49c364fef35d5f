package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// mailHistory is how old a payment may be when we first see it and still be
	// confirmed: older ones were made before we were there.
	mailHistory = history
	// mailPatience is how long temporary failures are retried, and mailTries how often at
	// least: our own downtime does not count.
	mailPatience = 3 * 24 * time.Hour
	mailTries    = 8
	// mailLanes is how many letters are under way at once: a mail server that hangs
	// must not take every slot of the runner.
	mailLanes = 2
)

// EmailStore is what mailing needs of the store.
type EmailStore interface {
	lockstep.EmailDeliveries
	Notice(ctx context.Context, id string) (lockstep.Notice, error)
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
}

// Emails mails notices, each once: that a letter is about to be handed over is
// written before it is. A run that dies after that leaves a mail of which nobody
// knows whether it was sent, and which is not sent again unless somebody asks.
type Emails struct {
	store   EmailStore
	billing lockstep.Billing
	mailer  lockstep.Mailer
	compose func(n lockstep.Notice, email, name string) (lockstep.Email, error)
	members lockstep.MemberLister // nil: the directory has no memberships
	roles   []string              // of the members who look after the billing
	lanes   chan struct{}
	log     *slog.Logger
}

// NewMails returns the reconciler of mails. Without a mailer, every mail is skipped.
func NewMails(store EmailStore, billing lockstep.Billing, mailer lockstep.Mailer,
	compose func(n lockstep.Notice, email, name string) (lockstep.Email, error), log *slog.Logger,
) *Emails {
	return &Emails{store: store, billing: billing, mailer: mailer, compose: compose, lanes: make(chan struct{}, mailLanes),
		log: log}
}

// Reconcile mails the notice of the claim, if that is still to be done.
func (m *Emails) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	n, err := m.store.Notice(ctx, claim.Key.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return Result{}, lockstep.Terminal(fmt.Errorf("there is no notice %s", claim.Key.ID))
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

// send finds out whom to write to, and writes.
func (m *Emails) send(ctx context.Context, claim lockstep.Claim, n lockstep.Notice, mail lockstep.EmailDelivery) error {
	find := m.addressee
	if mail.To == lockstep.ToBuyer {
		find = m.buyer
	}
	email, name, why, err := find(ctx, n, mail)
	if err != nil {
		return err
	}
	if why != "" {
		mail.State, mail.Reason = lockstep.EmailSkipped, why
		return m.store.SaveEmailDelivery(ctx, claim, mail)
	}
	letter, err := m.compose(letterOf(n, mail.To), email, name)
	if err != nil {
		return lockstep.Terminal(fmt.Errorf("compose the mail of %s: %w", n.ID, err))
	}
	release, err := enter(ctx, m.lanes, 2*time.Second)
	if err != nil {
		return err
	}
	defer release()
	err = m.mailer.Deliver(ctx, letter, func() error {
		mail.State, mail.Attempts = lockstep.EmailSending, mail.Attempts+1
		return m.store.SaveEmailDelivery(ctx, claim, mail)
	})
	// Also when we are cut off: what is known of the letter must be written.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return m.settle(ctx, claim, mail, err)
}

// settle writes what became of the letter.
func (m *Emails) settle(ctx context.Context, claim lockstep.Claim, mail lockstep.EmailDelivery, err error) error {
	var failed *lockstep.EmailError
	switch {
	case err == nil:
		mail.State, mail.Reason = lockstep.EmailSent, ""
		return m.store.SaveEmailDelivery(ctx, claim, mail)
	case !errors.As(err, &failed): // it was not to be written that we begin: nothing was handed over
		mail.State, mail.Reason = lockstep.EmailPending, "it could not be recorded that it is being sent"
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

// end writes that a mail ended badly, and says so to the queue and the log.
func (m *Emails) end(ctx context.Context, claim lockstep.Claim, mail lockstep.EmailDelivery) error {
	if err := m.store.SaveEmailDelivery(ctx, claim, mail); err != nil {
		return err
	}
	return lockstep.Terminal(mailFailure(mail))
}

func mailFailure(mail lockstep.EmailDelivery) error {
	if mail.State == lockstep.EmailUnknown {
		return fmt.Errorf("it is not known whether the mail was sent: %s; POST /v1/notices/%s/send%s sends it once more",
			mail.Reason, mail.NoticeID, requestOf(mail.To))
	}
	return fmt.Errorf("the mail was not delivered: %s", mail.Reason)
}

// addressee says whom to tell, or why nobody. The address is looked up now: it is
// kept with no notice.
func (m *Emails) addressee(ctx context.Context, n lockstep.Notice,
	mail lockstep.EmailDelivery) (email, name, why string, err error) {
	record, why, err := m.told(ctx, n, mail)
	if err != nil || why != "" {
		return "", "", why, err
	}
	if record.Email != "" {
		return record.Email, record.Name, "", nil
	}
	email, left, err := m.member(ctx, n)
	if email != "" || err != nil {
		return email, record.Name, "", err
	}
	if !record.Live() {
		return "", "", "the account has no e-mail address", nil
	}
	customer, err := m.billing.Customer(ctx, record.CustomerID)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", "", "", fmt.Errorf("look for the customer's address: %w", err)
	}
	if customer.Deleted || customer.Email == "" { // also when Stripe does not know it
		return "", "", "neither the account nor its customer has an e-mail address", nil
	}
	if left != "" && strings.EqualFold(customer.Email, left) {
		return "", "", "who bought it has left the organization, and no admin has an e-mail address", nil
	}
	return customer.Email, record.Name, "", nil
}

// mailBackoff is how long to wait after the given try: from half a minute to two
// hours, as greylisting servers want it.
func mailBackoff(attempt int) time.Duration {
	const first, most = 30 * time.Second, 2 * time.Hour
	full := most
	if attempt < 10 {
		full = min(first<<max(attempt-1, 0), most)
	}
	return full/2 + rand.N(full/2)
}
