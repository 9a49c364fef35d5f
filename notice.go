package lockstep

import (
	"context"
	"time"
)

// Notice is something to send: an e-mail, or a webhook to the app. Its ID names the business
// object that it is about, so a redelivered event never sends twice.
type Notice struct {
	ID        string // kind and business object: "license.granted:cs_…"
	Kind      NoticeKind
	Account   Account
	Object    string // the subscription, or the checkout session or payment intent of a one-time payment
	Facts     Facts
	CreatedAt time.Time
	Run       RunID // that recorded it; empty if a version without run ids did. The store sets it

	// Generation is the generation that the account's key must have finished before the notice
	// is sent, so that the directory's metadata agrees with it. The store sets it.
	Generation int64
}

// NoticeKind says what a notice reports.
type NoticeKind string

// The kinds of notice. The comment names the object that a notice is unique by.
const (
	NoticeLicenseGranted          NoticeKind = "license.granted"               // the checkout session
	NoticePaymentFailed           NoticeKind = "payment.failed"                // the invoice, or the checkout session
	NoticePaymentActionRequired   NoticeKind = "payment.action_required"       // the invoice
	NoticePaymentRefunded         NoticeKind = "payment.refunded"              // the refund
	NoticeSubscriptionStarted     NoticeKind = "subscription.started"          // the subscription
	NoticeSubscriptionTrialEnding NoticeKind = "subscription.trial_ending"     // the subscription and the end of the trial
	NoticeSubscriptionRenewing    NoticeKind = "subscription.renewal_upcoming" // the subscription and the end of the period
	NoticeSubscriptionEnded       NoticeKind = "subscription.ended"            // the subscription
	// NoticeAccessEnded reports that nothing grants access any more. That one of several
	// subscriptions ended does not cause it. It is unique by account and time.
	NoticeAccessEnded NoticeKind = "access.ended"
)

// NoticeKinds returns all kinds of notice.
func NoticeKinds() []NoticeKind {
	return []NoticeKind{NoticeLicenseGranted, NoticePaymentFailed, NoticePaymentActionRequired, NoticePaymentRefunded,
		NoticeSubscriptionStarted, NoticeSubscriptionTrialEnding, NoticeSubscriptionRenewing, NoticeSubscriptionEnded,
		NoticeAccessEnded}
}

// Facts are what a notice says, frozen when it is recorded. They hold no names and no
// addresses: Lockstep looks the recipient up when it sends.
type Facts struct {
	Plan     string `json:"plan,omitempty"`
	Amount   int64  `json:"amount,omitempty"` // in the currency's smallest unit; of a refund: what was refunded
	Currency string `json:"currency,omitempty"`
	// PaymentAmount is the amount of the payment that was refunded.
	PaymentAmount int64      `json:"payment_amount,omitempty"`
	Status        string     `json:"status,omitempty"`       // Stripe's status of the subscription, or the license's
	Until         *time.Time `json:"until,omitempty"`        // end of the trial, of the paid period or of the license
	PeriodStart   *time.Time `json:"period_start,omitempty"` // of the subscription's current period
	PeriodEnd     *time.Time `json:"period_end,omitempty"`
	Ending        bool       `json:"ending,omitempty"` // the subscription will not renew
	// ActionRequired says that a failed payment only waits for the customer to confirm it.
	ActionRequired bool       `json:"action_required,omitempty"`
	Invoice        string     `json:"invoice,omitempty"`
	InvoiceURL     string     `json:"invoice_url,omitempty"` // Stripe's page to read, pay or confirm the invoice
	Refund         string     `json:"refund,omitempty"`
	ReceiptURL     string     `json:"receipt_url,omitempty"` // Stripe's receipt of a one-time payment or a refund
	PaidBy         string     `json:"paid_by,omitempty"`     // the user who bought for an organization
	Checkout       string     `json:"checkout,omitempty"`    // the checkout session of a one-time payment
	At             *time.Time `json:"at,omitempty"`          // when a one-time payment was started, or a refund made
}

// NewNotice returns a notice whose ID is made of its kind and its business object.
func NewNotice(kind NoticeKind, account Account, object string, now time.Time) Notice {
	return Notice{ID: string(kind) + ":" + object, Kind: kind, Account: account, Object: object, CreatedAt: now}
}

// Key returns the key under which the notice is handed to its channels.
func (n Notice) Key() Key { return Key{KeyNotice, n.ID} }

// EmailKey returns the key under which the notice is e-mailed to the account's address.
func (n Notice) EmailKey() Key { return n.EmailKeyTo(ToAccount) }

// EmailKeyTo returns the key under which the notice is e-mailed to a recipient.
func (n Notice) EmailKeyTo(to Recipient) Key {
	if to == ToBuyer {
		return Key{KeyBuyerEmail, n.ID}
	}
	return Key{KeyEmail, n.ID}
}

// OfPurchase reports whether notices of the kind confirm a purchase.
func (k NoticeKind) OfPurchase() bool {
	return k == NoticeLicenseGranted || k == NoticeSubscriptionStarted
}

// WebhookKey returns the key under which the notice is sent to a webhook endpoint. Endpoint
// ids contain no slash.
func (n Notice) WebhookKey(endpoint string) Key { return Key{KeyWebhook, endpoint + "/" + n.ID} }

// NoticeLists lists notices for operators.
type NoticeLists interface {
	// LatestNotices returns a page of notices, newest first. ErrInvalid for a cursor that is not the Next of a page.
	LatestNotices(ctx context.Context, filter NoticeFilter) (NoticePage, error)
	// EmailsOfNotice returns the e-mails of a notice: none before the first try.
	EmailsOfNotice(ctx context.Context, id string) ([]ListedEmail, error)
}

// NoticeFilter selects notices for a page.
type NoticeFilter struct {
	Kind    NoticeKind // empty: all
	Account Account    // zero: all
	Email   EmailState // of any of the notice's e-mails; empty: all
	Limit   int        // 0: 50
	Before  string     // the Next of the previous page
}

// NoticePage is a page of notices. A filtered page looks at a bounded number of notices, so it may have fewer than its
// limit and still a Next.
type NoticePage struct {
	Notices []ListedNotice
	Next    string // empty: there are no more
}

// ListedNotice is a notice without its facts, with the states of its e-mails.
type ListedNotice struct {
	Notice
	Emails []ListedEmail
}

// ListedEmail is the state of an e-mail with the time of its next try.
type ListedEmail struct {
	EmailDelivery
	NextTry time.Time // zero: none is planned
}
