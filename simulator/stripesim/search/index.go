package search

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

// Search sees a change only after a lag. Stripe promises "under 1 minute" and
// no read-after-write consistency.
const (
	minSearchLag = 5 * time.Second
	maxSearchLag = 60 * time.Second
)

// searchable lists the types of objects that can be searched.
var searchable = []string{"charge", "customer", "invoice", "payment_intent", "price", "product", "subscription"}

// snapshot is an object as an event showed it.
type snapshot struct {
	event  string
	at     time.Time       // by the billing clock
	lag    time.Duration   // until search sees it
	first  bool            // the object did not exist before
	object json.RawMessage // nil: read it from the event
}

// searchIndex remembers objects that changed within the longest lag. By id it
// keeps the last state that search sees, and those it does not see yet. Other
// objects are searched as they are.
type searchIndex struct {
	versions map[string][]snapshot
	recent   []noted // oldest first
}

// noted is a change in the index.
type noted struct {
	id, event string
	at        time.Time
}

// Index records the state that an event shows. For an object that is not in the
// index yet, it also records the state before.
func (s *Search) Index(event *eventlog.Event, about, previous api.Object) {
	s.forgetVersions()
	if !slices.Contains(searchable, event.AboutType) {
		return
	}
	known := s.noted.versions[event.About]
	created := len(known) == 0 && (strings.HasSuffix(event.Type, ".created") || event.AboutType == "charge")
	if len(known) == 0 && !created {
		before, _ := version.GoBack(about, previous).(api.Object)
		if previous == nil {
			before, _ = version.DeepCopy(about).(api.Object)
		}
		delete(before, "deleted")
		known = []snapshot{{object: api.Encode(before)}}
	}
	fresh := snapshot{event: event.ID, at: event.Created, lag: s.searchLag(event.ID), first: created}
	if event.Version != version.APIVersion {
		fresh.object = api.Encode(about)
	}
	seen := 0 // search sees everything older than any lag; only the last of it matters
	for i, old := range known {
		if !old.at.Add(s.longestLag()).After(s.Real()) {
			seen = i
		}
	}
	s.noted.versions[event.About] = append(slices.Clone(known[seen:]), fresh)
	s.noted.recent = append(s.noted.recent, noted{id: event.About, event: event.ID, at: event.Created})
}

// forgetVersions drops objects whose last change search sees.
func (s *Search) forgetVersions() {
	for len(s.noted.recent) > 0 {
		oldest := s.noted.recent[0]
		if oldest.at.Add(s.longestLag()).After(s.Real()) {
			return
		}
		if known := s.noted.versions[oldest.id]; len(known) > 0 && known[len(known)-1].event == oldest.event {
			delete(s.noted.versions, oldest.id)
		}
		s.noted.recent = s.noted.recent[1:]
	}
}

// Reindex rebuilds the index from the latest events. It skips events in the
// shape of an older API version.
func (s *Search) Reindex() {
	s.noted = searchIndex{versions: map[string][]snapshot{}}
	for _, kept := range s.State.Log.Whole {
		if kept.Event.Version == version.APIVersion && kept.CreatedAt().Add(s.longestLag()).After(s.Real()) {
			s.Index(kept.Event, version.Decoded(kept.Event.Object), version.Decoded(kept.Event.Previous))
		}
	}
}

// searchLag returns how long search does not see a change: the configured lag,
// or 5 to 60 seconds by the seed.
func (s *Search) searchLag(event string) time.Duration {
	if s.lag > 0 {
		return s.lag
	}
	return minSearchLag + time.Duration(s.World.Rand("search"+event, 1).Int64N(int64(maxSearchLag-minSearchLag)))
}

func (s *Search) longestLag() time.Duration { return max(maxSearchLag, s.lag) }

// indexed returns an object as search sees it, or nil if that does not match.
func (s *Search) indexed(id string, now func() api.Object, wanted query) api.Object {
	known := s.noted.versions[id]
	for i := len(known) - 1; i >= 0; i-- {
		seen := !known[i].at.Add(known[i].lag).After(s.World.Now())
		switch {
		case seen && i < len(known)-1:
			return matching(s.asItWas(known[i], now), wanted)
		case seen:
			return matching(now(), wanted)
		case i == 0 && known[0].first:
			return nil
		}
	}
	return matching(now(), wanted)
}

// asItWas returns an object in an earlier state.
func (s *Search) asItWas(state snapshot, now func() api.Object) api.Object {
	if state.object != nil {
		return version.Decoded(state.object)
	}
	if event := s.State.Log.Find(state.event); event != nil {
		return version.Decoded(event.Object)
	}
	return now()
}

// matching returns a shown object if it matches, or nil.
func matching(shownAs api.Object, wanted query) api.Object {
	read := func(field, key string) (string, bool) { return fieldOf(shownAs, field, key) }
	if shownAs["deleted"] == true || !wanted.matches(read) {
		return nil
	}
	return shownAs
}
