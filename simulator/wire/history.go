package wire

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxEntries      = 20_000
	maxHistoryBytes = 128 << 20
	maxEntryBody    = 1 << 20 // a list of 100 events with their objects takes 400 KiB
)

// Entry is one exchange: a request to a simulated provider and its answer, or
// one attempt to deliver a webhook.
type Entry struct {
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"` // real time when it ended, not the billing clock
	// Took is how long the answer took, in nanoseconds; 0 if nobody was asked.
	Took           time.Duration `json:"took_ns,omitempty"`
	Side           string        `json:"side"` // "stripe", "clerk", "delivery"
	Method         string        `json:"method"`
	Path           string        `json:"path"`   // with the query; for a delivery the endpoint's URL
	Status         int           `json:"status"` // 0: no answer
	RequestID      string        `json:"request_id,omitempty"`
	IdempotencyKey string        `json:"idempotency_key,omitempty"`
	Version        string        `json:"version,omitempty"`  // API version
	EventID        string        `json:"event_id,omitempty"` // delivery: evt_ or msg_
	EventType      string        `json:"event_type,omitempty"`
	Provider       string        `json:"provider,omitempty"` // delivery: the sender
	Attempt        int           `json:"attempt,omitempty"`  // delivery: counted from 1
	Fault          string        `json:"fault,omitempty"`
	Error          string        `json:"error,omitempty"`
	// RequestHeader and ResponseHeader are some headers; see KeptHeader.
	RequestHeader  map[string]string `json:"request_header,omitempty"`
	ResponseHeader map[string]string `json:"response_header,omitempty"`
	Request        string            `json:"request,omitempty"`
	Response       string            `json:"response,omitempty"`
	Cut            bool              `json:"cut,omitempty"` // a body was longer than the history keeps
}

// Contains reports whether the entry contains a text, ignoring case.
func (e *Entry) Contains(text string) bool {
	text = strings.ToLower(text)
	for _, said := range []string{e.Side, e.Method + " " + e.Path, e.RequestID, e.IdempotencyKey, e.EventID, e.EventType,
		e.Provider, e.Fault, e.Error,
		e.Request, e.Response, strconv.Itoa(e.Status)} {
		if strings.Contains(strings.ToLower(said), text) {
			return true
		}
	}
	return false
}

// History is the append-only record of a simulator. It keeps the newest 20,000
// entries and at most 128 MiB of bodies. Safe for concurrent use.
type History struct {
	mu      sync.Mutex
	entries []Entry
	bytes   int
	last    uint64
	changed chan struct{} // closed by the next Add; nil: nobody waits
}

// Add appends an entry and gives it its sequence number.
func (h *History) Add(entry Entry) {
	entry.Cut = len(entry.Request) > maxEntryBody || len(entry.Response) > maxEntryBody
	entry.Request = capped(entry.Request)
	entry.Response = capped(entry.Response)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	entry.Seq = h.last
	h.entries = append(h.entries, entry)
	h.bytes += len(entry.Request) + len(entry.Response)
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
	for len(h.entries) > maxEntries || h.bytes > maxHistoryBytes {
		h.bytes -= len(h.entries[0].Request) + len(h.entries[0].Response)
		h.entries[0] = Entry{}
		h.entries = h.entries[1:]
	}
}

// Entries copies the kept entries, oldest first.
func (h *History) Entries() []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.entries)
}

// Newest copies the newest n entries that match, newest first. before is the
// sequence number above them; 0 starts at the end.
func (h *History) Newest(filter Filter, before uint64, n int) []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	var newest []Entry
	for i := len(h.entries) - 1; i >= 0 && len(newest) < n; i-- {
		if entry := &h.entries[i]; (before == 0 || entry.Seq < before) && filter.Matches(entry) {
			newest = append(newest, *entry)
		}
	}
	return newest
}

// After copies the oldest n entries that match and come after a sequence number,
// oldest first. seen is the number up to which it looked, for the next call.
func (h *History) After(filter Filter, after uint64, n int) (entries []Entry, seen uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen = after
	from, _ := slices.BinarySearchFunc(h.entries, after+1,
		func(e Entry, seq uint64) int { return cmp.Compare(e.Seq, seq) })
	for i := from; i < len(h.entries) && len(entries) < n; i++ {
		seen = h.entries[i].Seq
		if filter.Matches(&h.entries[i]) {
			entries = append(entries, h.entries[i])
		}
	}
	return entries, seen
}

// Find returns an entry by its sequence number; false if it is not kept.
func (h *History) Find(seq uint64) (Entry, bool) {
	entries, _ := h.After(Filter{}, seq-1, 1)
	if seq == 0 || len(entries) == 0 || entries[0].Seq != seq {
		return Entry{}, false
	}
	return entries[0], true
}

// Last returns the sequence number of the newest entry; 0 if there was none.
func (h *History) Last() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// Changed returns a channel that closes when the next entry is added.
func (h *History) Changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	return h.changed
}

// Count returns how many of the kept entries match.
func (h *History) Count(match func(Entry) bool) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	count := 0
	for i := range h.entries {
		if match(h.entries[i]) {
			count++
		}
	}
	return count
}

// WriteTo writes the kept entries as JSON lines.
func (h *History) WriteTo(w io.Writer) (int64, error) {
	counted := &countingWriter{to: w}
	encoder := json.NewEncoder(counted)
	for _, entry := range h.Entries() {
		if err := encoder.Encode(entry); err != nil {
			return counted.n, err
		}
	}
	return counted.n, nil
}

type countingWriter struct {
	to io.Writer
	n  int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.n += int64(n)
	return n, err
}

func capped(body string) string {
	if len(body) > maxEntryBody {
		return body[:maxEntryBody]
	}
	return body
}
