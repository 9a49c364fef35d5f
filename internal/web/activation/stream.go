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
	// mostStreams is how many streams are open at once; further clients get 503. A session
	// has at most sessionStreams of them, for a buyer's tabs, and a client at most clientStreams.
	mostStreams    = 500
	sessionStreams = 5
	clientStreams  = 50
	// streamFor is how long a stream stays open; browsers then open another.
	streamFor = 10 * time.Minute
	// heartbeat keeps proxies from closing a stream that says nothing.
	heartbeat = 15 * time.Second
	// relook is how often a stream looks though nothing was told: for a session that is not
	// complete, and for time.
	relook = 2 * time.Second
	// lookWithin is how long a look may take: shorter than a heartbeat, so that a stream says
	// that it is there also while the database is silent.
	lookWithin = 12 * time.Second
)

// within is Of, in the time that a look may take.
func (a *Activations) within(ctx context.Context, id, token string) (Activation, error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	return a.Of(ctx, id, token)
}

// Events answers GET /v1/activations/{id}/events: the state now and each time that it
// changes, as events "state" whose data is JSON, until it is final.
func (a *Activations) Events(w http.ResponseWriter, r *http.Request) {
	id, token := r.PathValue("id"), r.URL.Query().Get(TokenParameter)
	for holder, most := range map[string]int{"session " + id: sessionStreams,
		"client " + clients.Of(r.Context()): clientStreams} {
		leave, ok := a.places.Take(holder, most)
		if !ok {
			w.Header().Set("Retry-After", "5")
			problem.Write(w, http.StatusTooManyRequests, "too many streams of this checkout, or from this address, are open; close one, or poll the path without /events")
			return
		}
		defer leave()
	}
	select {
	case a.streams <- struct{}{}:
		defer func() { <-a.streams }()
	default:
		w.Header().Set("Retry-After", "5")
		problem.Write(w, http.StatusServiceUnavailable, "too many streams are open; ask again, or poll")
		return
	}
	now, err := a.within(r.Context(), id, token)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(streamFor + time.Minute)); err != nil &&
		!errors.Is(err, http.ErrNotSupported) {
		a.Log.ErrorContext(r.Context(), "keep a stream open", "error", err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would wait for more
	ctx, cancel := context.WithTimeout(r.Context(), streamFor)
	defer cancel()
	if err := a.stream(ctx, w, control, id, token, now); err != nil && ctx.Err() == nil {
		a.Log.DebugContext(ctx, "a stream ended", "error", err)
	}
}

// stream tells each change until the state is final or the client leaves.
func (a *Activations) stream(ctx context.Context, w http.ResponseWriter, control *http.ResponseController, id,
	token string, now Activation) error {
	var changed <-chan struct{}
	stop := func() {}
	defer func() { stop() }()
	look, beat := time.NewTicker(relook), time.NewTicker(heartbeat)
	defer look.Stop()
	defer beat.Stop()
	told := Activation{}
	for {
		if changed == nil && now.account.ID != "" {
			changed, stop = a.Records.Subscribe(now.account)
		}
		if now.State != told.State || now.Plan != told.Plan || now.Long != told.Long {
			if err := send(w, control, now); err != nil {
				return err
			}
			told = now
		}
		if now.State.Final() {
			return nil
		}
		select {
		case <-beat.C: // first, since looks may be due all the time
			if err := here(w, control); err != nil {
				return err
			}
		default:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.over:
			return nil
		case <-beat.C:
			if err := here(w, control); err != nil {
				return err
			}
			continue
		case <-look.C:
		case <-changed:
		}
		next, err := a.within(ctx, id, token)
		switch {
		case err == nil:
			now = next
		case ctx.Err() == nil:
			a.Log.WarnContext(ctx, "look at an activation", "error", err) // it is looked at again
		}
	}
}

// here says nothing, but that the stream is there.
func here(w http.ResponseWriter, control *http.ResponseController) error {
	if _, err := fmt.Fprint(w, ": still here\n\n"); err != nil {
		return err
	}
	return control.Flush()
}

func send(w http.ResponseWriter, control *http.ResponseController, now Activation) error {
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "event: state\ndata: %s\n\n", text); err != nil {
		return err
	}
	return control.Flush()
}

// refuse answers an error, the same for all that is not known.
func (a *Activations) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrUnknown):
		problem.Write(w, http.StatusNotFound, "there is no such checkout")
	case errors.Is(err, ErrBusy):
		w.Header().Set("Retry-After", "2")
		problem.Write(w, http.StatusServiceUnavailable, "too many ask at the moment; ask again")
	case r.Context().Err() != nil:
	default:
		a.Log.ErrorContext(r.Context(), "look at an activation", "error", err)
		w.Header().Set("Retry-After", "2")
		problem.Write(w, http.StatusServiceUnavailable, "this cannot be said at the moment; ask again")
	}
}
