package activation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/internal/clients"
	"github.com/lockstep-dev/lockstep/internal/web/problem"
)

const (
	// mostStreams bounds open streams; more clients get 503. A session has at most sessionStreams of
	// them, for a buyer's tabs, and a client at most clientStreams.
	mostStreams    = 500
	sessionStreams = 5
	clientStreams  = 50
	// streamFor is how long a stream stays open; browsers then reconnect.
	streamFor = 10 * time.Minute
	// heartbeat keeps proxies from closing an idle stream.
	heartbeat = 15 * time.Second
	// relook is how often a stream reads the state even if nothing changed, because an open session and
	// the passing of time cause no change.
	relook = 2 * time.Second
	// lookWithin bounds one read. It is shorter than heartbeat, so that heartbeats continue while the
	// database does not respond.
	lookWithin = 12 * time.Second
)

// Events answers GET /v1/activations/{id}/events: the state now and after each change, as events named
// "state" with JSON data, until the state is final.
func (a *Activations) Events(w http.ResponseWriter, r *http.Request) {
	leave, ok := a.enter(w, r)
	if !ok {
		return
	}
	defer leave()
	s := &stream{Activations: a, w: w, control: http.NewResponseController(w), id: r.PathValue("id"),
		token: r.URL.Query().Get(TokenParameter)}
	now, err := s.read(r.Context())
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(streamFor + time.Minute)); err != nil &&
		!errors.Is(err, http.ErrNotSupported) {
		a.Log.ErrorContext(r.Context(), "stream not opened", "error", err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would buffer the events
	ctx, cancel := context.WithTimeout(r.Context(), streamFor)
	defer cancel()
	if err := s.run(ctx, now); err != nil && ctx.Err() == nil {
		a.Log.DebugContext(ctx, "stream ended", "error", err)
	}
}

// enter takes a slot for a stream, or answers that all are taken.
func (a *Activations) enter(w http.ResponseWriter, r *http.Request) (leave func(), ok bool) {
	session, ok := a.places.Take("session "+r.PathValue("id"), sessionStreams)
	if !ok {
		tooMany(w)
		return nil, false
	}
	client, ok := a.places.Take("client "+clients.Of(r.Context()), clientStreams)
	if !ok {
		session()
		tooMany(w)
		return nil, false
	}
	select {
	case a.streams <- struct{}{}:
		return func() { <-a.streams; client(); session() }, true
	default:
	}
	client()
	session()
	w.Header().Set("Retry-After", "5")
	problem.Write(w, http.StatusServiceUnavailable, "too many streams are open; try again, or poll the path without /events")
	return nil, false
}

func tooMany(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	problem.Write(w, http.StatusTooManyRequests, "too many streams of this checkout or from this address are open; close one, or poll the path without /events")
}

// stream is one open event stream.
type stream struct {
	*Activations
	w         http.ResponseWriter
	control   *http.ResponseController
	id, token string
}

// read returns the state, within the time that a read may take.
func (s *stream) read(ctx context.Context) (Activation, error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	return s.Of(ctx, s.id, s.token)
}

// run sends each change until the state is final or the client leaves.
func (s *stream) run(ctx context.Context, now Activation) error {
	var changed <-chan struct{}
	stop := func() {}
	defer func() { stop() }()
	look, beat := time.NewTicker(relook), time.NewTicker(heartbeat)
	defer look.Stop()
	defer beat.Stop()
	sent := Activation{}
	for {
		if changed == nil && now.account.ID != "" {
			changed, stop = s.Records.Subscribe(now.account)
		}
		if now.State != sent.State || now.Plan != sent.Plan || now.Long != sent.Long {
			if err := s.send(now); err != nil {
				return err
			}
			sent = now
		}
		if now.State.Final() {
			return nil
		}
		again, err := s.wait(ctx, look.C, beat.C, changed)
		if !again || err != nil {
			return err
		}
		next, err := s.read(ctx)
		switch {
		case err == nil:
			now = next
		case ctx.Err() == nil:
			s.Log.WarnContext(ctx, "read activation; retrying", "error", err)
		}
	}
}

// wait sends heartbeats until it is time to read the state again. It reports false when the stream ends.
func (s *stream) wait(ctx context.Context, look, beat <-chan time.Time, changed <-chan struct{}) (bool, error) {
	select {
	case <-beat: // first: if reads are slow, the next one is always due as well
		if err := s.beat(); err != nil {
			return false, err
		}
	default:
	}
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case <-s.over:
			return false, nil
		case <-beat:
			if err := s.beat(); err != nil {
				return false, err
			}
		case <-look:
			return true, nil
		case <-changed:
			return true, nil
		}
	}
}

// beat sends a comment, which clients ignore.
func (s *stream) beat() error {
	if _, err := fmt.Fprint(s.w, ": still here\n\n"); err != nil {
		return err
	}
	return s.control.Flush()
}

func (s *stream) send(now Activation) error {
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.w, "event: state\ndata: %s\n\n", text); err != nil {
		return err
	}
	return s.control.Flush()
}

// refuse answers an error. Every unknown id gets the same answer.
func (a *Activations) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrUnknown):
		problem.Write(w, http.StatusNotFound, "checkout not found")
	case errors.Is(err, ErrBusy):
		w.Header().Set("Retry-After", "2")
		problem.Write(w, http.StatusServiceUnavailable, "too many requests at the moment; try again")
	case r.Context().Err() != nil:
	default:
		a.Log.ErrorContext(r.Context(), "read activation", "error", err)
		w.Header().Set("Retry-After", "2")
		problem.Write(w, http.StatusServiceUnavailable, "the state cannot be read at the moment; try again")
	}
}
