package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
)

// A live page keeps a stream open. When something changed, the stream says so, and the page's script fetches
// the content again. However many pages are open, one loop per process reads the [lockstep.Pulse], and only
// while a page is open.
const (
	// lookEvery is how often the pulse is read.
	lookEvery = 2 * time.Second
	// paceOf is how much longer each open page makes the wait, so that fifty pages, which all fetch their content
	// after each change, cost as much as a few.
	paceOf = 150 * time.Millisecond
	// mostLive bounds the open pages of the process, and clientLive those of one client.
	mostLive   = 200
	clientLive = 60
	// liveFor is how long a stream stays open; browsers then reconnect, with the session that they have then.
	liveFor = 10 * time.Minute
	// heartbeat keeps proxies from closing an idle stream.
	heartbeat = 15 * time.Second
)

// Pulser reads the pulse of the store.
type Pulser interface {
	Pulse(ctx context.Context) (lockstep.Pulse, error)
}

// pulse tells the open pages when something changed.
type pulse struct {
	store Pulser
	log   *slog.Logger
	over  chan struct{}
	end   sync.Once

	mu      sync.Mutex
	open    map[chan struct{}]bool // of each page, with room for one signal
	running bool
}

func newPulse(store Pulser, log *slog.Logger) *pulse {
	return &pulse{store: store, log: log, over: make(chan struct{}), open: map[chan struct{}]bool{}}
}

func (p *pulse) close() { p.end.Do(func() { close(p.over) }) }

// listen returns a channel that gets a signal after a change. It returns false if too many pages are open.
func (p *pulse) listen() (changed chan struct{}, leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) >= mostLive {
		return nil, nil, false
	}
	changed = make(chan struct{}, 1)
	p.open[changed] = true
	if !p.running {
		p.running = true
		go p.run()
	}
	return changed, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, changed)
	}, true
}

// run reads the pulse until no page is open.
func (p *pulse) run() {
	var last lockstep.Pulse
	var failing bool
	for first := true; ; first = false {
		ctx, cancel := context.WithTimeout(context.Background(), lookEvery)
		now, err := p.store.Pulse(ctx)
		cancel()
		if err != nil && !failing {
			p.log.Warn("pulse not read", "error", err)
		}
		failing = err != nil
		wait, more := p.tell(err == nil && !first && now != last)
		if !more {
			return
		}
		if err == nil {
			last = now
		}
		select {
		case <-p.over:
			p.mu.Lock()
			p.running = false
			p.mu.Unlock()
			return
		case <-time.After(wait):
		}
	}
}

// tell signals a change to all pages. It returns how long to wait before the next look, and false if no page is
// open: then the loop has ended.
func (p *pulse) tell(changed bool) (wait time.Duration, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) == 0 {
		p.running = false
		return 0, false
	}
	if changed {
		for page := range p.open {
			select {
			case page <- struct{}{}:
			default: // it has a signal that it did not take yet
			}
		}
	}
	return max(lookEvery, time.Duration(len(p.open))*paceOf), true
}

// live answers the stream of a page.
func (s *Console) live(w http.ResponseWriter, r *http.Request) {
	of, err := s.session(r)
	if err != nil { // a browser does not open the stream again after this status
		http.Error(w, "sign in", http.StatusNoContent)
		return
	}
	leave, ok := s.places.Take(clients.Of(r.Context()), clientLive)
	if !ok {
		http.Error(w, "too many pages are open", http.StatusTooManyRequests)
		return
	}
	defer leave()
	changed, leave, ok := s.pulse.listen()
	if !ok {
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(liveFor + time.Minute)); err != nil &&
		!errors.Is(err, http.ErrNotSupported) {
		s.fail(w, r, "open stream", err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would buffer the events
	ctx, cancel := context.WithDeadline(r.Context(), earlier(time.Now().Add(liveFor), of.Until))
	defer cancel()
	s.pulse.stream(ctx, w, control, changed)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// stream writes an event after each change, until the page leaves.
func (p *pulse) stream(ctx context.Context, w http.ResponseWriter, control *http.ResponseController,
	changed <-chan struct{}) {
	said := "retry: 3000\n\n"
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		if _, err := fmt.Fprint(w, said); err != nil || control.Flush() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-p.over:
			return
		case <-changed:
			said = "event: changed\ndata: now\n\n"
		case <-beat.C:
			said = ": still here\n\n"
		}
	}
}
