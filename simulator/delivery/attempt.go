package delivery

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

const maxAnswer = 64 << 10

// spacing keeps two attempts from starting at the same instant. Without it, their
// order in a synctest bubble would be random.
const spacing = time.Microsecond

// Attempt is one attempt that is ready to be made, outside the lock.
type Attempt struct {
	delivery *Delivery
	message  *Message
	body     []byte
	target   Target
	header   http.Header
	fault    *wire.Fault
	// Unordered means that the next attempt need not wait for this one's answer.
	Unordered bool
}

// outcome is the result of an attempt.
type outcome struct {
	status    int
	response  string
	header    http.Header
	directive string // the webhook-delivery header of the answer
	took      time.Duration
	lost      bool // the provider does not notice that it did not arrive
	err       error
}

// Start takes the next due delivery out of the queue and prepares its attempt. If
// nothing is due, it returns nil and the time to call it again. The zero time
// means only after World.Woken.
func (o *Outbox) Start() (*Attempt, time.Time) {
	for {
		due, found := o.Next()
		if !found {
			return nil, time.Time{}
		}
		now := time.Now().Round(0).UTC()
		if earliest := o.lastStart.Add(spacing); due.Before(earliest) {
			due = earliest
		}
		if due.After(now) {
			return nil, due
		}
		d := heap.Pop(&o.queue).(*Delivery)
		target, live := o.providers[o.messages[d.Message].Provider].Target(d.Endpoint)
		if !live {
			o.settle(d, false)
			continue
		}
		o.lastStart = now
		o.flying[d.Sequence] = d
		d.Attempts++
		return o.attempt(d, target, now), time.Time{}
	}
}

// attempt prepares an attempt to a target: its body, its signature and its fault.
func (o *Outbox) attempt(d *Delivery, target Target, now time.Time) *Attempt {
	message := o.messages[d.Message]
	body := message.bodyFor(d.Endpoint)
	return &Attempt{
		delivery: d, message: message, body: body, target: target,
		header: o.providers[message.Provider].Sign(target, message.ID, body, now),
		fault: o.Faults.Strike(wire.Call{Side: "delivery", Method: http.MethodPost, Path: pathOf(target.URL),
			Provider: message.Provider, Event: message.Type}),

		Unordered: o.policy.Unordered,
	}
}

// Make sends the attempt and records its outcome. Call it without the world's
// lock, which it takes, in a separate goroutine. If ctx ends first, the attempt
// counts as not made.
func (o *Outbox) Make(ctx context.Context, a *Attempt) {
	began := time.Now()
	result := o.send(ctx, a)
	result.took = time.Since(began)
	o.World.Change(func() {
		if o.flying[a.delivery.Sequence] != a.delivery {
			return // Restore has replaced the state since
		}
		delete(o.flying, a.delivery.Sequence)
		if ctx.Err() != nil && result.err != nil {
			a.delivery.Attempts--
			heap.Push(&o.queue, a.delivery)
			return
		}
		o.book(a, result)
	})
}

func (o *Outbox) send(ctx context.Context, a *Attempt) outcome {
	if a.fault != nil && a.fault.Lose {
		return outcome{err: errors.New("fault: lost"), lost: true}
	}
	if a.fault != nil && !a.fault.After {
		if a.fault.Status != 0 {
			return outcome{status: a.fault.Status, response: a.fault.Body}
		}
		return outcome{err: errors.New("fault: the endpoint could not be reached")}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.target.URL, bytes.NewReader(a.body))
	if err != nil {
		return outcome{err: fmt.Errorf("make request: %w", err)}
	}
	for name, values := range a.header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set(wire.MarkHeader, a.message.Provider)
	response, err := o.Client.Do(request)
	if err != nil {
		return outcome{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if a.fault != nil {
		return outcome{err: fmt.Errorf("fault: answer %d lost", response.StatusCode), response: string(body)}
	}
	if err != nil {
		return outcome{err: fmt.Errorf("read answer: %w", err)}
	}
	return outcome{status: response.StatusCode, response: string(body), header: response.Header,
		directive: response.Header.Get("Webhook-Delivery")}
}

// book records the outcome and ends the delivery or schedules its next attempt.
func (o *Outbox) book(a *Attempt, result outcome) {
	d, now := a.delivery, time.Now().Round(0).UTC()
	o.History.Add(a.entry(result, now))
	d.Last = fmt.Sprintf("status %d", result.status)
	if result.err != nil {
		d.Last = "no answer"
	}
	if result.lost {
		o.settle(d, false)
		return
	}
	acknowledged := result.err == nil && result.status >= 200 && result.status < 300
	if o.misbehaves(a, result.directive, acknowledged, now) || acknowledged || d.Once {
		o.settle(d, acknowledged)
		return
	}
	if message, open := o.messages[d.Message]; open {
		message.Failed++
	}
	wait, again := o.providers[a.message.Provider].Backoff(d.Attempts)
	if !again {
		o.Logger.Warn("webhook delivery given up", "provider", a.message.Provider, "event_id", d.Message, "attempts", d.Attempts)
		o.settle(d, false)
		return
	}
	d.Due = now.Add(wait)
	heap.Push(&o.queue, d)
}

// entry is the attempt in the history.
func (a *Attempt) entry(result outcome, now time.Time) wire.Entry {
	entry := wire.Entry{At: now, Side: "delivery", Provider: a.message.Provider, Method: http.MethodPost,
		Path: a.target.URL, Status: result.status, EventID: a.message.ID, EventType: a.message.Type,
		Attempt: a.delivery.Attempts, Took: result.took, Request: string(a.body), Response: result.response,
		RequestHeader: wire.KeptHeader(a.header), ResponseHeader: wire.KeptHeader(result.header)}
	if a.fault != nil {
		entry.Fault = a.fault.String()
	}
	if result.err != nil {
		entry.Error = result.err.Error()
	}
	return entry
}

func pathOf(rawURL string) string {
	parsed, err := url.Parse(rawURL)
	if err != nil {
		return rawURL
	}
	return parsed.Path
}
