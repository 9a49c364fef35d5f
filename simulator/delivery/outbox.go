package delivery

import (
	"bytes"
	"cmp"
	"container/heap"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Message is the content of one or more deliveries.
type Message struct {
	ID       string `json:"id"`
	Provider string `json:"provider"`
	Type     string `json:"type"`
	Body     []byte `json:"body"`
	// Variants are the bodies for endpoints that get another shape, by endpoint.
	Variants map[string][]byte `json:"variants,omitempty"`
	Failed   int               `json:"failed"` // attempts at any endpoint without a 2xx

	open int // deliveries that are not settled
}

// SetVariant sets the body for one endpoint.
func (m *Message) SetVariant(endpoint string, body []byte) {
	if m.Variants == nil {
		m.Variants = map[string][]byte{}
	}
	m.Variants[endpoint] = body
}

// bodyFor returns the body for an endpoint.
func (m *Message) bodyFor(endpoint string) []byte {
	if body, ok := m.Variants[endpoint]; ok {
		return body
	}
	return m.Body
}

// Delivery is one message on its way to one endpoint.
type Delivery struct {
	Sequence uint64    `json:"sequence"`
	Message  string    `json:"message"`
	Endpoint string    `json:"endpoint"`
	Due      time.Time `json:"due"` // real time, not the billing clock
	Attempts int       `json:"attempts"`
	Held     bool      `json:"held,omitempty"`
	Copy     bool      `json:"copy,omitempty"` // a duplicate: the provider does not learn its outcome
	Once     bool      `json:"once,omitempty"` // is not retried
	Last     string    `json:"last,omitempty"` // outcome of the last attempt, for the page
}

// Config configures an Outbox.
type Config struct {
	World   *schedule.World
	History *wire.History
	Faults  *wire.Faults
	Client  *http.Client // nil: the default transport with a 15 s timeout
	Logger  *slog.Logger
}

// Outbox holds and sends the deliveries of all providers. Call its methods under
// the world's lock, except New and Make.
type Outbox struct {
	Config
	policy    Policy
	providers map[string]Provider
	messages  map[string]*Message
	queue     deliveryHeap
	flying    map[uint64]*Delivery
	waiting   map[string][]chan struct{} // by message id; closed when the message is settled
	lastStart time.Time
	burst     burst                // the latest
	failing   map[string]time.Time // since when an endpoint has acknowledged nothing
}

// AttemptTimeout is how long an endpoint may take to answer. Svix publishes 15 s.
const AttemptTimeout = 15 * time.Second

// New returns an empty outbox.
func New(config Config) *Outbox {
	client := http.Client{Timeout: AttemptTimeout}
	if config.Client != nil {
		client = *config.Client
		client.Timeout = cmp.Or(client.Timeout, AttemptTimeout)
	}
	// Both providers count a redirect as a failure.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	config.Client = &client
	return &Outbox{
		Config:    config,
		providers: map[string]Provider{},
		messages:  map[string]*Message{},
		flying:    map[uint64]*Delivery{},
		failing:   map[string]time.Time{},
		waiting:   map[string][]chan struct{}{},
	}
}

// Register adds a provider. Call it before the provider's first Post.
func (o *Outbox) Register(p Provider) { o.providers[p.Name()] = p }

// Post queues a message to each endpoint. delay is how long the provider takes
// before the first attempt.
func (o *Outbox) Post(message Message, endpoints []string, delay time.Duration) {
	if len(endpoints) == 0 {
		return
	}
	stored := &message
	o.messages[message.ID] = stored
	due := o.placed(message.Type, time.Now().Round(0).UTC())
	for _, endpoint := range endpoints {
		sequence := o.World.Sequence()
		decided := o.policy.decide(o.World, sequence)
		first := &Delivery{Sequence: sequence, Message: message.ID, Endpoint: endpoint,
			Due: due.Add(delay + decided.delay), Held: o.policy.Hold}
		if decided.dropped {
			o.recordDropped(stored, first)
		} else {
			o.push(stored, first)
		}
		if decided.duplicated {
			o.push(stored, &Delivery{Sequence: o.World.Sequence(), Message: message.ID, Endpoint: endpoint,
				Due: first.Due.Add(decided.echoDelay), Held: o.policy.Hold, Copy: true})
		}
	}
	if stored.open == 0 {
		o.forget(stored)
	}
	o.World.Wake()
}

// Resend queues a message to one endpoint again, now and for one attempt. Retries
// of the original delivery continue. The policy does not apply.
func (o *Outbox) Resend(message Message, endpoint string) {
	stored, open := o.messages[message.ID]
	if !open {
		stored = &message
		o.messages[message.ID] = stored
	}
	if _, known := stored.Variants[endpoint]; !known && !bytes.Equal(stored.Body, message.bodyFor(endpoint)) {
		stored.SetVariant(endpoint, message.bodyFor(endpoint))
	}
	o.push(stored, &Delivery{Sequence: o.World.Sequence(), Message: message.ID, Endpoint: endpoint,
		Due: time.Now().Round(0).UTC(), Copy: true, Once: true})
	o.World.Wake()
}

// Twin decides whether the provider should repeat a message in a second message
// with another id. subject is the id of the first.
func (o *Outbox) Twin(subject string) bool {
	return o.policy.Twin > 0 && o.World.Rand("twin"+subject, 1).Float64() < o.policy.Twin
}

// SetPolicy sets the policy for messages posted from now on. Without Hold, it also
// releases held deliveries. It panics if the policy is invalid.
func (o *Outbox) SetPolicy(policy Policy) {
	if err := policy.Validate(); err != nil {
		panic("delivery: " + err.Error())
	}
	o.policy = policy
	if policy.Hold {
		return
	}
	now := time.Now().Round(0).UTC()
	for _, d := range o.queue {
		if d.Held {
			d.Held = false
			if d.Due.Before(now) {
				d.Due = now
			}
		}
	}
	heap.Init(&o.queue)
	o.World.Wake()
}

// Policy returns the policy in force.
func (o *Outbox) Policy() Policy { return o.policy }

// Pending counts the deliveries that are queued, held, waiting for a retry or in
// flight.
func (o *Outbox) Pending() int { return len(o.queue) + len(o.flying) }

// Next returns when the next attempt is due; false if none is queued or all are
// held.
func (o *Outbox) Next() (due time.Time, found bool) {
	if len(o.queue) == 0 || o.queue[0].Held {
		return time.Time{}, false
	}
	return o.queue[0].Due, true
}

// Failing reports whether a message that is still being delivered has had a failed
// attempt.
func (o *Outbox) Failing(message string) bool {
	open, found := o.messages[message]
	return found && open.Failed > 0
}

// Busy reports whether a delivery is in flight or due at time now.
func (o *Outbox) Busy(now time.Time) bool {
	due, found := o.Next()
	return len(o.flying) > 0 || found && !due.After(now)
}

// Await returns a channel that closes when the message is settled at every
// endpoint, whatever the outcome. For an unknown message it is already closed.
func (o *Outbox) Await(message string) <-chan struct{} {
	settled := make(chan struct{})
	if _, open := o.messages[message]; !open {
		close(settled)
		return settled
	}
	o.waiting[message] = append(o.waiting[message], settled)
	return settled
}

func (o *Outbox) push(message *Message, d *Delivery) {
	message.open++
	heap.Push(&o.queue, d)
}

// settle ends a delivery.
func (o *Outbox) settle(d *Delivery, acknowledged bool) {
	message := o.messages[d.Message]
	message.open--
	if !d.Copy {
		o.providers[message.Provider].Settled(d.Message, d.Endpoint, acknowledged)
	}
	if message.open == 0 {
		o.forget(message)
	}
}

func (o *Outbox) forget(message *Message) {
	delete(o.messages, message.ID)
	for _, settled := range o.waiting[message.ID] {
		close(settled)
	}
	delete(o.waiting, message.ID)
}

func (o *Outbox) recordDropped(message *Message, d *Delivery) {
	target, _ := o.providers[message.Provider].Target(d.Endpoint)
	o.History.Add(wire.Entry{At: time.Now().UTC(), Side: "delivery", Provider: message.Provider, Method: http.MethodPost,
		Path: target.URL, EventID: message.ID, EventType: message.Type, Fault: "dropped"})
}
