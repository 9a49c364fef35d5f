package lockstep

import (
	"context"
	"time"
)

// Email is an e-mail to one person.
type Email struct {
	ID      string // the Message-ID without its brackets; the same each time it is sent
	To      string // an address without a name
	Subject string // one line
	Text    string
	HTML    string
}

// EmailDraft is what an e-mail about a notice is written from.
type EmailDraft struct {
	Notice       Notice
	Address      string
	Name         string // of the recipient; empty: unknown, or not known to be theirs
	Organization string // the name of the organization that the notice is about; may be empty
}

// Mailer hands e-mails to a mail server.
type Mailer interface {
	// Deliver hands over an e-mail. It calls ready once, when it has reached the server and
	// handed over nothing yet. If ready fails, Deliver sends nothing and returns ready's error.
	// Its own errors are [*EmailError].
	Deliver(ctx context.Context, email Email, ready func() error) error
}

// CheckedMailer is an optional interface of a [Mailer] that can check its mail server.
type CheckedMailer interface {
	// Check connects, encrypts and logs in as for an e-mail, and sends none. Its errors are
	// [*MailCheckError].
	Check(ctx context.Context) error
}

// MailStep is a step of reaching a mail server.
type MailStep string

// The steps, in their order.
const (
	MailConnect MailStep = "connect"
	MailEncrypt MailStep = "encrypt"
	MailLogin   MailStep = "login"
)

// MailCheckError is why a mail server cannot be used. It contains no secret.
type MailCheckError struct {
	Step   MailStep
	Reason string
}

func (e *MailCheckError) Error() string { return "mail server: " + string(e.Step) + ": " + e.Reason }

// EmailFate says what happened to an e-mail that the mail server did not accept.
type EmailFate string

// The fates. Only an e-mail that was delayed may be sent again.
const (
	EmailDelayed EmailFate = "delayed" // not sent; a retry may succeed
	EmailRefused EmailFate = "refused" // not sent, and a retry would fail too
	EmailUnsure  EmailFate = "unsure"  // it may have been sent
)

// EmailError is why a mail server did not accept an e-mail. It contains neither the address
// nor the content.
type EmailError struct {
	Fate   EmailFate
	Reason string
}

func (e *EmailError) Error() string { return e.Reason }

// EmailState says how far the e-mail about a notice is.
type EmailState string

// The states. Lockstep saves EmailSending before it hands an e-mail over. If that run dies,
// the state becomes EmailUnknown, and Lockstep sends the e-mail again only when asked to.
const (
	EmailPending     EmailState = "pending"
	EmailSending     EmailState = "sending"
	EmailSent        EmailState = "sent"        // the mail server accepted it
	EmailUndelivered EmailState = "undelivered" // refused, or delayed for three days
	EmailUnknown     EmailState = "unknown"     // it may have been sent
	EmailSkipped     EmailState = "skipped"     // there was no recipient, or no reason to send it
)

// Recipient says which reader of a notice an e-mail is for.
type Recipient string

// The recipients. A purchase has two if the buyer typed another address at checkout than the
// account's. Each gets an e-mail with a state of its own.
const (
	ToAccount Recipient = ""
	ToBuyer   Recipient = "buyer"
)

// EmailDelivery is the state of the e-mail about a notice to one recipient.
type EmailDelivery struct {
	NoticeID  string
	To        Recipient
	State     EmailState
	Reason    string    // of every state but sent; safe to show
	Attempts  int       // how often it was handed over
	Requested bool      // an operator asked to send it again
	BeganAt   time.Time // start of the three days of retries
	UpdatedAt time.Time // set by the store
}

// EmailDeliveries stores the states of e-mails.
type EmailDeliveries interface {
	// EmailDelivery returns the state of the e-mail to a recipient, or ErrNotFound before the
	// first try.
	EmailDelivery(ctx context.Context, noticeID string, to Recipient) (EmailDelivery, error)
	// SaveEmailDelivery stores a state. ErrLeaseLost when the claim is not the current one.
	SaveEmailDelivery(ctx context.Context, claim Claim, delivery EmailDelivery) error
	// ResendEmail requests an e-mail again, whatever its state, and marks its key.
	// ErrNotFound when there is no such notice, ErrBusy while the e-mail is being sent.
	ResendEmail(ctx context.Context, noticeID string, to Recipient) error
}
