package lockstep

import "time"

// Notice is something to tell, unique by the business object that it is about,
// so that a redelivered event never tells twice.
type Notice struct {
	ID        string // kind and business object: "license.granted:cs_…"
	Kind      NoticeKind
	Account   Account
	Object    string // the subscription or license
	Facts     Facts
	CreatedAt time.Time

	// Generation is what the account's key must have done before anybody is told:
	// the directory's metadata says it first. The store sets it.
	Generation int64
}

// NoticeKind says what is told.
type NoticeKind string

// The kinds of notice, and what each is unique by.
const (
	NoticeLicenseGranted          NoticeKind = "license.granted"           // the checkout session
	NoticePaymentFailed           NoticeKind = "payment.failed"            // the invoice, or the checkout session
	NoticeSubscriptionStarted     NoticeKind = "subscription.started"      // the subscription
	NoticeSubscriptionTrialEnding NoticeKind = "subscription.trial_ending" // the subscription and the trial's end
	NoticeSubscriptionEnded       NoticeKind = "subscription.ended"        // the subscription
	// NoticeAccessEnded is told when nothing grants access any more, not when one of
	// several subscriptions ends. It is unique by what ended last, and as of when.
	NoticeAccessEnded NoticeKind = "access.ended"
)

// NoticeKinds are all kinds of notice.
func NoticeKinds() []NoticeKind {
	return []NoticeKind{NoticeLicenseGranted, NoticePaymentFailed, NoticeSubscriptionStarted,
		NoticeSubscriptionTrialEnding,
		NoticeSubscriptionEnded, NoticeAccessEnded}
}

// Facts are what a notice says, frozen when it is recorded. They hold no
// personal data: whom to tell is looked up when it is told.
type Facts struct {
	Plan     string     `json:"plan,omitempty"`
	Amount   int64      `json:"amount,omitempty"` // in the currency's smallest unit
	Currency string     `json:"currency,omitempty"`
	Status   string     `json:"status,omitempty"`   // Stripe's, of the subscription; of the license
	Until    *time.Time `json:"until,omitempty"`    // end of the trial or of the paid period
	Ending   bool       `json:"ending,omitempty"`   // it will not renew
	Invoice  string     `json:"invoice,omitempty"`  // that was not paid
	PaidBy   string     `json:"paid_by,omitempty"`  // of an organization: the user who bought it
	Checkout string     `json:"checkout,omitempty"` // the session of a one-time payment
	At       *time.Time `json:"at,omitempty"`       // of a one-time payment: when it was begun
}

// NewNotice names a notice after its business object.
func NewNotice(kind NoticeKind, account Account, object string, now time.Time) Notice {
	return Notice{ID: string(kind) + ":" + object, Kind: kind, Account: account, Object: object, CreatedAt: now}
}

// Key is the key under which the notice is handed to its channels.
func (n Notice) Key() Key { return Key{KeyNotice, n.ID} }

// EmailKey is the key under which the notice is mailed to the account's address.
func (n Notice) EmailKey() Key { return n.EmailKeyTo(ToAccount) }

// EmailKeyTo is the key under which the notice is mailed to a recipient.
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

// WebhookKey is the key under which the notice is sent to a webhook endpoint, whose
// id holds no slash.
func (n Notice) WebhookKey(endpoint string) Key { return Key{KeyWebhook, endpoint + "/" + n.ID} }
