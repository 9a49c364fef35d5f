package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
	"github.com/lockstep-dev/lockstep/internal/tracing"
)

// MaxBody is the size limit of a delivery in bytes. Those of Stripe and Clerk have a few KiB.
const MaxBody = 1 << 20

// commitTimeout ends the wait for the database. Senders give up after 10 to 15 seconds; an earlier 503
// makes them retry instead of guess.
const commitTimeout = 8 * time.Second

// Source verifies and reads the deliveries of one sender.
type Source struct {
	Name lockstep.Source
	// Plausible checks, before the body is read, whether the headers could belong to a recent signed
	// delivery. Nil accepts all headers.
	Plausible func(header http.Header, now time.Time) error
	// Verify checks the signature over the raw body.
	Verify func(header http.Header, body []byte, now time.Time) error
	// Read finds the ids that a verified body names.
	Read func(header http.Header, body []byte) (lockstep.Hint, error)
}

// Endpoint answers the deliveries of one source.
type Endpoint struct {
	Source Source
	Intake *Intake
	Log    *slog.Logger
	// Counted is called once for each delivery, with one of [Outcomes]. It may be nil.
	Counted func(outcome string)
	// Tracer records the verified deliveries; nil records none.
	Tracer *tracing.Tracer

	refusals clients.Tally
}

// ServeHTTP receives one delivery. The package comment lists the answers.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	if e.Source.Plausible != nil {
		if err := e.Source.Plausible(r.Header, time.Now()); err != nil {
			w.Header().Set("Connection", "close") // otherwise the server would read the body anyway
			e.refuse(w, r, http.StatusBadRequest, "signature_invalid", err)
			return
		}
	}
	// A connection without deadlines, as in a test, has no time limit either.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyWithin))
	large := &holder{room: &e.Intake.large, client: clients.Of(r.Context()),
		interrupt: func() { _ = control.SetReadDeadline(time.Unix(1, 0)) }}
	defer large.leave()
	body, err := readBody(w, r, large)
	if err != nil {
		e.refuseBody(w, r, err)
		return
	}
	// From here on the server only watches whether the sender leaves. A deadline that passes meanwhile
	// would end that, and every later request of the connection.
	_ = control.SetReadDeadline(time.Time{})
	if hint, is := e.verified(w, r, body); is {
		e.deliver(w, r, hint, began)
	}
}

// refuseBody answers a request whose body could not be read.
func (e *Endpoint) refuseBody(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.refuse(w, r, http.StatusRequestTimeout, "body_too_slow", err)
	case errors.As(err, &tooLarge):
		e.refuse(w, r, http.StatusRequestEntityTooLarge, "body_too_large", err)
	case errors.Is(err, lockstep.ErrBusy):
		e.postpone(w, r, err)
	default:
		e.refuse(w, r, http.StatusBadRequest, "body_unreadable", err)
	}
}

// verified checks the signature of a body and reads it. It answers the request if either fails.
func (e *Endpoint) verified(w http.ResponseWriter, r *http.Request, body []byte) (lockstep.Hint, bool) {
	if err := e.Source.Verify(r.Header, body, time.Now()); err != nil {
		e.refuse(w, r, http.StatusBadRequest, "signature_invalid", err)
		return lockstep.Hint{}, false
	}
	hint, err := e.Source.Read(r.Header, body)
	if err != nil {
		e.refuse(w, r, http.StatusBadRequest, "not_an_event", err)
	}
	return hint, err == nil
}

// deliver stores a verified event and answers the request.
func (e *Endpoint) deliver(w http.ResponseWriter, r *http.Request, hint lockstep.Hint, began time.Time) {
	ctx, cancel := context.WithTimeout(r.Context(), commitTimeout)
	defer cancel()
	d := deliveryOf(hint, lockstep.Delivered, time.Now())
	stored, err := e.Intake.deliver(ctx, d)
	switch {
	case r.Context().Err() != nil:
		e.Log.InfoContext(e.ended(ctx, &d, "sender_left", began), "sender left before its delivery was stored",
			"source", e.Source.Name, "event", hint.Event.ID)
		unstored(w) // otherwise the server would answer 200 if the sender is still there
		return
	case err != nil:
		e.Log.ErrorContext(e.ended(ctx, &d, notStored, began), "delivery not stored", "source", e.Source.Name, "event",
			hint.Event.ID, "error", err)
		unstored(w)
		return
	}
	ctx = e.ended(ctx, &d, outcomeOf(stored), began)
	if e.Log.Enabled(ctx, slog.LevelDebug) {
		e.Log.DebugContext(ctx, "delivery stored", "source", e.Source.Name, "event", hint.Event.ID,
			"type", hint.Event.Type, "new", stored)
	}
	reply(w, http.StatusOK, `{"status":"success"}`)
}

// notStored is the outcome of a delivery that is answered 503.
const notStored = "not_stored"

// ended counts and traces a delivery. It returns a context for the log line about it.
func (e *Endpoint) ended(ctx context.Context, d *lockstep.Delivery, outcome string, began time.Time) context.Context {
	e.count(outcome)
	if e.Tracer == nil {
		return ctx
	}
	t := tracing.Delivery{Event: lockstep.EventName{Source: d.Event.Source, ID: d.Event.ID}, Type: d.Event.Type,
		Outcome: outcome, Stored: outcome == outcomeOf(true), Failed: outcome == notStored, Began: began}
	if d.Mark != nil {
		t.Key = d.Mark.Key.Kind
	}
	return e.Tracer.Delivery(ctx, t)
}

// postpone asks the sender of a body that there is no room for to retry.
func (e *Endpoint) postpone(w http.ResponseWriter, r *http.Request, err error) {
	e.Log.ErrorContext(r.Context(), "delivery not stored", "source", e.Source.Name, "event", "", "error", err)
	e.count(notStored)
	unstored(w)
}

// unstored asks the sender to retry.
func unstored(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "2")
	reply(w, http.StatusServiceUnavailable, `{"status":"error","code":"not_stored"}`)
}

// refuse sends a code to the sender and logs the reason, which would tell an attacker how far the
// delivery got. Anyone can cause a refusal, so the log gets one line a minute.
func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, status int, code string, err error) {
	e.refusals.Note(e.Log.With("source", e.Source.Name), "delivery refused", clients.Of(r.Context()),
		fmt.Errorf("%s: %w", code, err))
	e.count(code)
	reply(w, status, `{"status":"error","code":"`+code+`"}`)
}

// Unconfigured answers a delivery that this server has no signing secret for. The status is an error,
// so that the sender shows it and keeps the event; the body says why.
func Unconfigured(w http.ResponseWriter, why string) {
	text, err := json.Marshal(map[string]string{"status": "error", "code": "webhooks_not_configured", "detail": why})
	if err != nil {
		panic("ingest: text does not marshal: " + err.Error())
	}
	reply(w, http.StatusNotImplemented, string(text))
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}
