package lockstep

import (
	"context"
	"time"
)

// Letter is an e-mail to one person.
type Letter struct {
	ID      string // the Message-ID without its brackets; the same however often it is sent
	To      string // an address alone
	Subject string // one line
	Text    string
	HTML    string
}

// Mailer hands letters to a mail server.
type Mailer interface {
	// Deliver hands over a letter. It calls ready once, when the server has been
	// reached and nothing has been handed over yet; if ready fails, its error is
	// returned and nothing was sent. Deliver's own errors are [*MailError].
	Deliver(ctx context.Context, letter Letter, ready func() error) error
}

// MailFate is what became of a letter that was not accepted.
type MailFate string

// The fates: only after MailDelayed may a letter be sent again.
const (
	MailDelayed MailFate = "delayed" // it was not sent; it may be by and by
	MailRefused MailFate = "refused" // it was not sent and never will be
	MailUnsure  MailFate = "unsure"  // nobody knows whether it was sent
)

// MailError is a letter that was not accepted. Its text holds neither address nor
// content.
type MailError struct {
	Fate   MailFate
	Reason string
}

func (e *MailError) Error() string { return e.Reason }

// MailState says how far the mailing of a notice is.
type MailState string

// The states of a mail. A mail stands as MailSending before it is handed over; if
// its run dies, it becomes MailUnknown and is not sent again unless asked for.
const (
	MailPending      MailState = "pending"
	MailSending      MailState = "sending"
	MailSent         MailState = "sent"        // the mail server took it
	MailNotDelivered MailState = "undelivered" // refused, or not to be delivered for three days
	MailUnknown      MailState = "unknown"     // it may have been sent
	MailSkipped      MailState = "skipped"     // there was nobody to send it to, or no reason to
)

// Recipient says which reader of a notice an e-mail is for.
type Recipient string

// The recipients. A purchase has two, where the buyer typed another address than the
// account's own at checkout. Each gets a letter of its own, with a state of its own.
const (
	ToAccount Recipient = ""
	ToBuyer   Recipient = "buyer"
)

// Mail is what became of mailing a notice to one recipient.
type Mail struct {
	NoticeID  string
	To        Recipient
	State     MailState
	Reason    string    // of all but sent; safe to show
	Attempts  int       // how often it was handed over
	Requested bool      // somebody asked for it to be sent again
	BeganAt   time.Time // from when on temporary failures are counted
	UpdatedAt time.Time // set by the store
}

// Outbox keeps what became of mails.
type Outbox interface {
	// Mail returns what became of mailing a notice to a recipient, or ErrNotFound before
	// the first try.
	Mail(ctx context.Context, noticeID string, to Recipient) (Mail, error)
	// SaveMail writes it. ErrLeaseLost when the claim is not the current one.
	SaveMail(ctx context.Context, claim Claim, mail Mail) error
	// RequestMail has a notice mailed to a recipient once more, whatever became of it
	// before, and marks its key. ErrNotFound: there is no such notice. ErrBusy: it is being sent.
	RequestMail(ctx context.Context, noticeID string, to Recipient) error
}
