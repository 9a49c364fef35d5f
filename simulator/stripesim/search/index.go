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

// Search sees every state of an object only some time after it came to be:
// Stripe promises "under 1 minute" and nothing for a read after a write.
const (
	minSearchLag = 5 * time.Second
	maxSearchLag = 60 * time.Second
)

// searchable are the types of objects that can be searched.
var searchable = []string{"charge", "customer", "invoice", "payment_intent", "price", "product", "subscription"}

// snapshot is an object as an event showed it.
type snapshot struct {
	event  string
	at     time.Time       // by the billing clock
	lag    time.Duration   // until search sees it
	first  bool            // there was nothing before
	object json.RawMessage // nil: what the event shows
}

// searchIndex remembers the states of the objects that changed within the
// longest lag: by id, the last one that search sees already, and those that it
// does not see yet. What did not change of late is seen as it is.
type searchIndex struct {
	versions map[string][]snapshot
	recent   []noted // oldest first
}

// noted is a change that the index still remembers.
type noted struct {
	id, event string
	at        time.Time
}

// Index notes the state that an event shows, and the one before it if search
// has nothing of the object yet.
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
	seen := 0 // what is older than any lag is seen: only the last of those matters
	for i, old := range known {
		if !old.at.Add(s.longestLag()).After(s.Real()) {
			seen = i
		}
	}
	s.noted.versions[event.About] = append(slices.Clone(known[seen:]), fresh)
	s.noted.recent = append(s.noted.recent, noted{id: event.About, event: event.ID, at: event.Created})
}

// forgetVersions drops the objects whose last change search sees.
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

// Reindex makes the index anew from the latest events. Those in the shape of an
// older version do not help.
func (s *Search) Reindex() {
	s.noted = searchIndex{versions: map[string][]snapshot{}}
	for _, kept := range s.State.Log.Whole {
		if kept.Event.Version == version.APIVersion && kept.CreatedAt().Add(s.longestLag()).After(s.Real()) {
			s.Index(kept.Event, version.Decoded(kept.Event.Object), version.Decoded(kept.Event.Previous))
		}
	}
}

// searchLag is how long search does not see a state: what the configuration
// says, else between 5 and 60 seconds, by the seed.
func (s *Search) searchLag(event string) time.Duration {
	if s.lag > 0 {
		return s.lag
	}
	return minSearchLag + time.Duration(s.World.Rand("search"+event, 1).Int64N(int64(maxSearchLag-minSearchLag)))
}

func (s *Search) longestLag() time.Duration { return max(maxSearchLag, s.lag) }

// indexed returns an object as search sees it now, when it matches; else nil.
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

// asItWas is an object in an earlier state.
func (s *Search) asItWas(state snapshot, now func() api.Object) api.Object {
	if state.object != nil {
		return version.Decoded(state.object)
	}
	if event := s.State.Log.Find(state.event); event != nil {
		return version.Decoded(event.Object)
	}
	return now()
}

func matching(shownAs api.Object, wanted query) api.Object {
	if shownAs["deleted"] == true || !wanted.matches(func(field, key string) (string,
		bool) {
		return fieldOf(shownAs, field, key)
	}) {
		return nil
	}
	return shownAs
}
