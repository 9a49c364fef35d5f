package lockstep

import (
	"context"
	"time"
)

// Email is an e-mail to one person.
type Email struct {
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
	// returned and nothing was sent. Deliver's own errors are [*EmailError].
	Deliver(ctx context.Context, letter Email, ready func() error) error
}

// EmailFate is what became of a letter that was not accepted.
type EmailFate string

// The fates: only after EmailDelayed may a letter be sent again.
const (
	EmailDelayed EmailFate = "delayed" // it was not sent; it may be by and by
	EmailRefused EmailFate = "refused" // it was not sent and never will be
	EmailUnsure  EmailFate = "unsure"  // nobody knows whether it was sent
)

// EmailError is a letter that was not accepted. Its text holds neither address nor
// content.
type EmailError struct {
	Fate   EmailFate
	Reason string
}

func (e *EmailError) Error() string { return e.Reason }

// EmailState says how far the mailing of a notice is.
type EmailState string

// The states of a mail. A mail stands as EmailSending before it is handed over; if
// its run dies, it becomes EmailUnknown and is not sent again unless asked for.
const (
	EmailPending     EmailState = "pending"
	EmailSending     EmailState = "sending"
	EmailSent        EmailState = "sent"        // the mail server took it
	EmailUndelivered EmailState = "undelivered" // refused, or not to be delivered for three days
	EmailUnknown     EmailState = "unknown"     // it may have been sent
	EmailSkipped     EmailState = "skipped"     // there was nobody to send it to, or no reason to
)

// Recipient says which reader of a notice an e-mail is for.
type Recipient string

// The recipients. A purchase has two, where the buyer typed another address than the
// account's own at checkout. Each gets a letter of its own, with a state of its own.
const (
	ToAccount Recipient = ""
	ToBuyer   Recipient = "buyer"
)

// EmailDelivery is what became of mailing a notice to one recipient.
type EmailDelivery struct {
	NoticeID  string
	To        Recipient
	State     EmailState
	Reason    string    // of all but sent; safe to show
	Attempts  int       // how often it was handed over
	Requested bool      // somebody asked for it to be sent again
	BeganAt   time.Time // from when on temporary failures are counted
	UpdatedAt time.Time // set by the store
}

// EmailDeliveries keeps what became of mails.
type EmailDeliveries interface {
	// EmailDelivery returns what became of mailing a notice to a recipient, or ErrNotFound before
	// the first try.
	EmailDelivery(ctx context.Context, noticeID string, to Recipient) (EmailDelivery, error)
	// SaveEmailDelivery writes it. ErrLeaseLost when the claim is not the current one.
	SaveEmailDelivery(ctx context.Context, claim Claim, delivery EmailDelivery) error
	// ResendEmail has a notice mailed to a recipient once more, whatever became of it
	// before, and marks its key. ErrNotFound: there is no such notice. ErrBusy: it is being sent.
	ResendEmail(ctx context.Context, noticeID string, to Recipient) error
}
