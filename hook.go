package lockstep

import (
	"context"
	"strings"
	"time"
)

// AccessChanged is the kind of message that tells what an account may use now. It is
// no notice: there is one per account and endpoint, and it always tells the newest.
const AccessChanged NoticeKind = "account.access_changed"

// HookMessage is what is sent to a webhook endpoint.
type HookMessage struct {
	ID   string // the same however often it is sent
	Body []byte // JSON
}

// HookSender sends messages to webhook endpoints, signed.
type HookSender interface {
	// SendHook returns nil when the endpoint answered 2xx, else a [*HookError].
	SendHook(ctx context.Context, endpoint string, message HookMessage) error
}

// HookError is a message that an endpoint did not take.
type HookError struct {
	Status     int           // of its answer; 0: there was none
	Gone       bool          // it wants no more (410)
	RetryAfter time.Duration // as it asked; 0 where it did not
	Reason     string        // safe to show
}

func (e *HookError) Error() string { return e.Reason }

// HookState says how far the delivery of a message to an endpoint is.
type HookState string

// The states of a delivery.
const (
	HookPending     HookState = "pending"
	HookDelivered   HookState = "delivered"
	HookUndelivered HookState = "undelivered" // not taken for three days
	HookHeld        HookState = "held"        // the endpoint is disabled
)

// HookDelivery is what became of telling an endpoint about a subject: a notice by
// its id, or the access of an account.
type HookDelivery struct {
	Endpoint  string
	Subject   string
	State     HookState
	Status    int       // of the last answer that was not 2xx; 0: there was none
	Reason    string    // of what is not delivered; safe to show
	Attempts  int       // since BeganAt
	Sequence  int64     // of an access: the newest that was delivered
	BeganAt   time.Time // from when on the three days count
	UpdatedAt time.Time // set by the store
}

// Key is the key under which the delivery is tried.
func (d HookDelivery) Key() Key { return Key{KeyHook, d.Endpoint + "/" + d.Subject} }

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

// HookEndpoint is how an endpoint does.
type HookEndpoint struct {
	ID           string
	FailingSince time.Time // since when it has taken nothing; zero: it takes what it gets
	DisabledAt   time.Time // zero: it is not
	Reason       string    // why it is disabled
}

// AccessTold is what endpoints were last told of an account's access.
type AccessTold struct {
	Digest   string
	Sequence int64 // grows by one with each change
	At       time.Time
}

// Hooks keeps what endpoints are told, and how they do.
type Hooks interface {
	// TellAccess records what endpoints are to be told of an account's access, gives it
	// the next sequence and marks the keys, in one transaction. ErrLeaseLost when the
	// claim is not the current one.
	TellAccess(ctx context.Context, claim Claim, account Account, digest string, keys []Key) error
	// AccessTold returns what was last recorded, or ErrNotFound.
	AccessTold(ctx context.Context, account Account) (AccessTold, error)
	// HookDelivery returns what became of a delivery, or ErrNotFound before the first try.
	HookDelivery(ctx context.Context, endpoint, subject string) (HookDelivery, error)
	// SaveHookDelivery writes it, and how the endpoint does, unless that is nil.
	// ErrLeaseLost when the claim is not the current one.
	SaveHookDelivery(ctx context.Context, claim Claim, delivery HookDelivery, endpoint *HookEndpoint) error
	// HookDeliveries returns up to limit deliveries to an endpoint, the latest first.
	HookDeliveries(ctx context.Context, endpoint string, limit int) ([]HookDelivery, error)
	// HookEndpoint returns how an endpoint does; one that was never heard of does well.
	HookEndpoint(ctx context.Context, id string) (HookEndpoint, error)
	// Redeliver has a subject delivered once more, whatever became of it, and marks its key.
	Redeliver(ctx context.Context, endpoint, subject string) error
	// EnableHookEndpoint enables an endpoint, and has delivered to it what was held or not
	// taken, 500 in a transaction; it returns how many this call had delivered, also with an error: call it again for the
	// rest.
	EnableHookEndpoint(ctx context.Context, id string) (int, error)
}
