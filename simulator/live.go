package simulator

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// mostStreams is how many pages may be live at once. The next one works by reload.
	mostStreams = 32
	// batch is how many entries one message has at most.
	batch = 100
	// calm is how long a stream waits after a change, so that a burst is one message.
	calm = 200 * time.Millisecond
	// look again: faults end and the clock moves without a change.
	lookAgain = time.Second
)

// stream is a response of server-sent events.
type stream struct {
	w    http.ResponseWriter
	http *http.ResponseController
}

// open starts a stream, unless too many are open. Call done at its end.
func (s *Simulator) open(w http.ResponseWriter) (out *stream, done func()) {
	if s.streams.Add(1) > mostStreams {
		s.streams.Add(-1)
		http.Error(w, "too many pages are live; close one, or reload this page to see what is new", http.StatusServiceUnavailable)
		return nil, nil
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	return &stream{w, http.NewResponseController(w)}, func() { s.streams.Add(-1) }
}

// send sends one event. It reports whether the client is still there.
func (s *stream) send(event, id, html string) bool {
	var message strings.Builder
	if id != "" {
		fmt.Fprintf(&message, "id: %s\n", id)
	}
	fmt.Fprintf(&message, "event: %s\n", event)
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(html), "\n") {
		fmt.Fprintf(&message, "data: %s\n", line)
	}
	message.WriteByte('\n')
	if _, err := s.w.Write([]byte(message.String())); err != nil {
		return false
	}
	return s.http.Flush() == nil
}

// sequenceLive streams the entries after a number, as HTML, oldest first. A browser
// that connects again says where it was.
func (s *Simulator) sequenceLive(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseUint(cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after")), 10, 64)
	if err != nil {
		http.Error(w, "after: it must be the number of an entry", http.StatusBadRequest)
		return
	}
	out, done := s.open(w)
	if out == nil {
		return
	}
	defer done()
	filter := filterOf(r.URL.Query())
	if !out.send("ready", "", "") {
		return
	}
	for {
		changed := s.history.Changed()
		entries, seen := s.history.After(filter, after, batch)
		if after = seen; len(entries) > 0 && !out.send("entries", strconv.FormatUint(seen, 10), s.rows(entries)) {
			return
		}
		if len(entries) == batch {
			continue
		}
		if !pause(r, changed) {
			return
		}
	}
}

// rows renders entries for the list.
func (s *Simulator) rows(entries []Entry) string {
	var html bytes.Buffer
	for _, entry := range entries {
		render(&html, sequenceTemplate, "entry", s.viewEntry(entry, shortBody))
	}
	return html.String()
}

// render writes a part of a page. The parts are tested, so it does not fail.
func render(html *bytes.Buffer, from *template.Template, part string, data any) {
	if err := from.ExecuteTemplate(html, part, data); err != nil {
		html.WriteString(template.HTMLEscapeString("cannot render: " + err.Error()))
	}
}

// partLive streams a part of a page, whole, each time it changes.
func (s *Simulator) partLive(w http.ResponseWriter, r *http.Request) {
	part := s.part(r.PathValue("part"), back(r.URL.Query()))
	if part == nil {
		http.NotFound(w, r)
		return
	}
	out, done := s.open(w)
	if out == nil {
		return
	}
	defer done()
	for last := ""; ; {
		changed := s.history.Changed()
		if html := part(); html != last {
			if last = html; !out.send("part", "", html) {
				return
			}
		}
		if !pause(r, changed) {
			return
		}
	}
}

// part returns what renders a part; nil if there is none of that name.
func (s *Simulator) part(name, back string) func() string {
	var html bytes.Buffer
	switch {
	case name == "status":
		return func() string {
			html.Reset()
			render(&html, controlsTemplate, "status", s.status(back))
			return html.String()
		}
	case name == "steps" && s.config.Tour != nil:
		return func() string {
			html.Reset()
			render(&html, controlsTemplate, "status", s.status(back))
			render(&html, tourTemplate, "steps", s.viewTour())
			return html.String()
		}
	}
	return nil
}

// pause waits for a change, or a second, and then a moment for what comes with it.
// It reports whether the client is still there.
func pause(r *http.Request, changed <-chan struct{}) bool {
	again := time.NewTimer(lookAgain)
	defer again.Stop()
	select {
	case <-changed:
	case <-again.C:
	case <-r.Context().Done():
		return false
	}
	moment := time.NewTimer(calm)
	defer moment.Stop()
	select {
	case <-moment.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
