package lockstep

import (
	"context"
	"strings"
	"time"
)

// AccessChanged is the kind of message that says what an account may use now. It is not a
// notice: each account and endpoint has one, and it always carries the newest access.
const AccessChanged NoticeKind = "account.access_changed"

// WebhookMessage is the body of a request to a webhook endpoint, with its id.
type WebhookMessage struct {
	ID   string // the same each time it is sent
	Body []byte // JSON
}

// WebhookSender signs messages and sends them to webhook endpoints.
type WebhookSender interface {
	// SendWebhook returns nil if the endpoint answered 2xx, else a [*WebhookError].
	SendWebhook(ctx context.Context, endpoint string, message WebhookMessage) error
}

// WebhookError is why an endpoint did not accept a message.
type WebhookError struct {
	Status     int           // of the response; 0: there was none
	Gone       bool          // the endpoint answered 410: stop sending
	RetryAfter time.Duration // the response's Retry-After; 0: none
	Reason     string        // safe to show
}

func (e *WebhookError) Error() string { return e.Reason }

// WebhookState is the state of a delivery.
type WebhookState string

// The states of a delivery.
const (
	WebhookPending     WebhookState = "pending"
	WebhookDelivered   WebhookState = "delivered"
	WebhookUndelivered WebhookState = "undelivered" // every try in three days failed
	WebhookHeld        WebhookState = "held"        // the endpoint is disabled
)

// WebhookDelivery is the state of a message to an endpoint. Its subject is the id of a notice,
// or an account's access.
type WebhookDelivery struct {
	Endpoint  string
	Subject   string
	State     WebhookState
	Status    int       // of the last response that was not 2xx; 0: there was none
	Reason    string    // why it is not delivered; safe to show
	Attempts  int       // since BeganAt
	Sequence  int64     // the newest access that was delivered; 0 for notices
	BeganAt   time.Time // start of the three days of retries
	UpdatedAt time.Time // set by the store
}

// Key returns the key under which the worker delivers the message.
func (d WebhookDelivery) Key() Key { return Key{KeyWebhook, d.Endpoint + "/" + d.Subject} }

// accessSubject is the prefix of the subject of an account's access.
const accessSubject = "access:"

// AccessSubject returns the subject of an account's access.
func AccessSubject(a Account) string { return accessSubject + a.String() }

// AccountOfSubject returns the account of an access subject, and false for a notice.
func AccountOfSubject(subject string) (Account, bool) {
	text, is := strings.CutPrefix(subject, accessSubject)
	if !is {
		return Account{}, false
	}
	a, err := ParseAccount(text)
	return a, err == nil
}

// DeliveryFilter selects deliveries for a page.
type DeliveryFilter struct {
	State  WebhookState // empty: all
	Limit  int          // 0: 50
	Before string       // the Next of the previous page
}

// DeliveryPage is a page of deliveries. A filtered page looks at a bounded number of deliveries, so it may have fewer
// than its limit and still a Next.
type DeliveryPage struct {
	Deliveries []ListedDelivery
	Next       string // empty: there are no more
}

// ListedDelivery is a delivery with the time of its next try.
type ListedDelivery struct {
	WebhookDelivery
	NextTry time.Time // zero: none is planned
}

// WebhookEndpoint is the health of an endpoint.
type WebhookEndpoint struct {
	ID           string
	FailingSince time.Time // since when every delivery failed; zero: it works
	DisabledAt   time.Time // zero: it is enabled
	Reason       string    // why it is disabled
}

// AccessNotification is the newest access of an account that endpoints are to get.
type AccessNotification struct {
	Digest string
	// Sequence grows with each change, also over a restored backup: milliseconds since 1970, or one more than the last.
	Sequence int64
	At       time.Time
}

// Webhooks stores deliveries and the health of endpoints.
type Webhooks interface {
	// NotifyAccess stores the digest of an account's new access, raises its sequence and
	// marks the keys, in one transaction. ErrLeaseLost when the claim is not the current one.
	NotifyAccess(ctx context.Context, claim Claim, account Account, digest string, keys []Key) error
	// AccessNotification returns what NotifyAccess stored last, or ErrNotFound.
	AccessNotification(ctx context.Context, account Account) (AccessNotification, error)
	// WebhookDelivery returns the state of a delivery, or ErrNotFound before the first try.
	WebhookDelivery(ctx context.Context, endpoint, subject string) (WebhookDelivery, error)
	// SaveWebhookDelivery stores a delivery, and the endpoint's health unless that is nil.
	// ErrLeaseLost when the claim is not the current one.
	SaveWebhookDelivery(ctx context.Context, claim Claim, delivery WebhookDelivery, endpoint *WebhookEndpoint) error
	// WebhookDeliveries returns a page of the deliveries to an endpoint, the last changed first. ErrInvalid for a
	// cursor that is not the Next of a page.
	WebhookDeliveries(ctx context.Context, endpoint string, filter DeliveryFilter) (DeliveryPage, error)
	// WebhookEndpoint returns the health of an endpoint. One without deliveries is healthy.
	WebhookEndpoint(ctx context.Context, id string) (WebhookEndpoint, error)
	// Redeliver resets a delivery, whatever its state, and marks its key.
	Redeliver(ctx context.Context, endpoint, subject string) error
	// EnableWebhookEndpoint enables an endpoint and queues its held and undelivered messages,
	// 500 in a transaction. It returns how many this call queued, also with an error: call it
	// again for the rest.
	EnableWebhookEndpoint(ctx context.Context, id string) (int, error)
}
