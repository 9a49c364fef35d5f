package stripesim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Search sees every state of an object only some time after it came to be:
// Stripe promises "under 1 minute" and nothing for a read after a write.
const (
	minSearchLag = 5 * time.Second
	maxSearchLag = 60 * time.Second
)

// searchable are the types of objects that can be searched.
var searchable = []string{"charge", "customer", "invoice", "payment_intent", "price", "product", "subscription"}

// version is an object as an event showed it.
type version struct {
	event  string
	at     time.Time     // by the billing clock
	lag    time.Duration // until search sees it
	first  bool          // there was nothing before
	object json.RawMessage
}

// searchIndex remembers, by id, the states that objects were in of late: the
// last one that search sees already, and those that it does not see yet. It is
// made from the events, and so is not saved.
type searchIndex map[string][]version

// index notes the state that an event shows.
func (s *Stripe) index(event *Event, about object) {
	if !slices.Contains(searchable, event.AboutType) {
		return
	}
	shown := event.Object
	if event.Version != APIVersion {
		shown = encode(about)
	}
	s.noteVersion(event, shown)
}

func (s *Stripe) noteVersion(event *Event, shown json.RawMessage) {
	known := s.versions[event.About]
	fresh := version{event: event.ID, at: event.Created, lag: s.searchLag(event.ID), object: shown,
		first: len(known) == 0 && (strings.HasSuffix(event.Type, ".created") || event.AboutType == "charge")}
	seen := 0 // what is older than any lag is seen: only the last of those matters
	for i, old := range known {
		if !old.at.Add(s.longestLag()).After(s.real()) {
			seen = i
		}
	}
	s.versions[event.About] = append(slices.Clone(known[seen:]), fresh)
}

// unindex lets an event's state go with the event.
func (s *Stripe) unindex(event *Event) {
	if known := s.versions[event.About]; len(known) > 0 && known[len(known)-1].event == event.ID {
		delete(s.versions, event.About)
	}
}

// reindex makes the index anew from the events that are kept. Those in the shape
// of an older version do not help.
func (s *Stripe) reindex() {
	s.versions = searchIndex{}
	for event := range s.state.Events.Oldest() {
		if slices.Contains(searchable, event.AboutType) && event.Version == APIVersion {
			s.noteVersion(event, event.Object)
		}
	}
}

// searchLag is how long search does not see a state: what the configuration
// says, else between 5 and 60 seconds, by the seed.
func (s *Stripe) searchLag(event string) time.Duration {
	if s.config.SearchLag > 0 {
		return s.config.SearchLag
	}
	return minSearchLag + time.Duration(s.world.Rand("search"+event, 1).Int64N(int64(maxSearchLag-minSearchLag)))
}

func (s *Stripe) longestLag() time.Duration { return max(maxSearchLag, s.config.SearchLag) }

// indexed returns an object as search sees it now, when it matches; else nil.
func (s *Stripe) indexed(id string, now func() object, wanted query) object {
	known := s.versions[id]
	for i := len(known) - 1; i >= 0; i-- {
		seen := !known[i].at.Add(known[i].lag).After(s.world.Now())
		switch {
		case seen && i < len(known)-1:
			return matching(decoded(known[i].object), wanted)
		case seen:
			return matching(now(), wanted)
		case i == 0 && known[0].first:
			return nil
		}
	}
	return matching(now(), wanted)
}

func matching(shownAs object, wanted query) object {
	if shownAs["deleted"] == true || !wanted.matches(func(field, key string) (string, bool) { return fieldOf(shownAs, field, key) }) {
		return nil
	}
	return shownAs
}
