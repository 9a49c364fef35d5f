package lockstep

import (
	"context"
	"strings"
	"time"
)

// AccessChanged is the kind of message that tells what an account may use now. It is
// no notice: there is one per account and endpoint, and it always tells the newest.
const AccessChanged NoticeKind = "account.access_changed"

// WebhookMessage is what is sent to a webhook endpoint.
type WebhookMessage struct {
	ID   string // the same however often it is sent
	Body []byte // JSON
}

// WebhookSender sends messages to webhook endpoints, signed.
type WebhookSender interface {
	// SendWebhook returns nil when the endpoint answered 2xx, else a [*WebhookError].
	SendWebhook(ctx context.Context, endpoint string, message WebhookMessage) error
}

// WebhookError is a message that an endpoint did not take.
type WebhookError struct {
	Status     int           // of its answer; 0: there was none
	Gone       bool          // it wants no more (410)
	RetryAfter time.Duration // as it asked; 0 where it did not
	Reason     string        // safe to show
}

func (e *WebhookError) Error() string { return e.Reason }

// WebhookState says how far the delivery of a message to an endpoint is.
type WebhookState string

// The states of a delivery.
const (
	WebhookPending     WebhookState = "pending"
	WebhookDelivered   WebhookState = "delivered"
	WebhookUndelivered WebhookState = "undelivered" // not taken for three days
	WebhookHeld        WebhookState = "held"        // the endpoint is disabled
)

// WebhookDelivery is what became of telling an endpoint about a subject: a notice by
// its id, or the access of an account.
type WebhookDelivery struct {
	Endpoint  string
	Subject   string
	State     WebhookState
	Status    int       // of the last answer that was not 2xx; 0: there was none
	Reason    string    // of what is not delivered; safe to show
	Attempts  int       // since BeganAt
	Sequence  int64     // of an access: the newest that was delivered
	BeganAt   time.Time // from when on the three days count
	UpdatedAt time.Time // set by the store
}

// Key is the key under which the delivery is tried.
func (d WebhookDelivery) Key() Key { return Key{KeyWebhook, d.Endpoint + "/" + d.Subject} }

// accessSubject begins the subject of an account's access.
const accessSubject = "access:"

// AccessSubject is the subject of an account's access.
func AccessSubject(a Account) string { return accessSubject + a.String() }

// AccountOfSubject returns the account whose access a subject is about, if it is.
func AccountOfSubject(subject string) (Account, bool) {
	text, is := strings.CutPrefix(subject, accessSubject)
	if !is {
		return Account{}, false
	}
	a, err := ParseAccount(text)
	return a, err == nil
}

// WebhookEndpoint is how an endpoint does.
type WebhookEndpoint struct {
	ID           string
	FailingSince time.Time // since when it has taken nothing; zero: it takes what it gets
	DisabledAt   time.Time // zero: it is not
	Reason       string    // why it is disabled
}

// AccessNotification is what endpoints were last told of an account's access.
type AccessNotification struct {
	Digest   string
	Sequence int64 // grows by one with each change
	At       time.Time
}

// Webhooks keeps what endpoints are told, and how they do.
type Webhooks interface {
	// NotifyAccess records what endpoints are to be told of an account's access, gives it
	// the next sequence and marks the keys, in one transaction. ErrLeaseLost when the
	// claim is not the current one.
	NotifyAccess(ctx context.Context, claim Claim, account Account, digest string, keys []Key) error
	// AccessNotification returns what was last recorded, or ErrNotFound.
	AccessNotification(ctx context.Context, account Account) (AccessNotification, error)
	// WebhookDelivery returns what became of a delivery, or ErrNotFound before the first try.
	WebhookDelivery(ctx context.Context, endpoint, subject string) (WebhookDelivery, error)
	// SaveWebhookDelivery writes it, and how the endpoint does, unless that is nil.
	// ErrLeaseLost when the claim is not the current one.
	SaveWebhookDelivery(ctx context.Context, claim Claim, delivery WebhookDelivery, endpoint *WebhookEndpoint) error
	// WebhookDeliveries returns up to limit deliveries to an endpoint, the latest first.
	WebhookDeliveries(ctx context.Context, endpoint string, limit int) ([]WebhookDelivery, error)
	// WebhookEndpoint returns how an endpoint does; one that was never heard of does well.
	WebhookEndpoint(ctx context.Context, id string) (WebhookEndpoint, error)
	// Redeliver has a subject delivered once more, whatever became of it, and marks its key.
	Redeliver(ctx context.Context, endpoint, subject string) error
	// EnableWebhookEndpoint enables an endpoint and queues every delivery that was held or that the endpoint did not
	// take, 500 in a transaction. It returns how many deliveries this call queued, also with an error: call
	// it again for the rest.
	EnableWebhookEndpoint(ctx context.Context, id string) (int, error)
}
