package simulator

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/lockstep-dev/lockstep/simulator/page"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// shownEntries is how many entries a page of the sequence has.
const shownEntries = 50

// sequenceView is the data of the page of requests and deliveries, newest first.
type sequenceView struct {
	page.Frame
	Status  statusView
	Filter  wire.Filter
	Entries []entryView
	Live    string // the URL of the stream of new entries; "" on older pages
	Refresh string
	Older   string // the URL of the next page; "" on the last one
	Raw     string // the URL of the same entries as JSON lines
}

// entryPageView is the data of the page of one entry, with its complete bodies.
type entryPageView struct {
	page.Frame
	Entry entryView
}

var (
	sequenceTemplate = parsePage("sequence.html")
	entryTemplate    = parsePage("one.html")
)

func (s *Simulator) sequencePage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	filter := filterOf(query)
	before, err := strconv.ParseUint(query.Get("before"), 10, 64)
	if err != nil && query.Get("before") != "" {
		http.Error(w, "before: "+strconv.Quote(query.Get("before"))+" is not the number of an entry", http.StatusBadRequest)
		return
	}
	last := s.history.Last() // before the entries: the stream repeats none, and misses none
	view := sequenceView{Frame: s.frame("Sequence", sequencePath), Status: s.status(sequencePath), Filter: filter,
		Refresh: at(sequencePath, filter, nil), Raw: "/_sim/history"}
	if filter.Text != "" {
		view.Raw += "?" + url.Values{"q": {filter.Text}}.Encode()
	}
	entries := s.history.Newest(filter, upTo(before, last), shownEntries+1)
	if len(entries) > shownEntries {
		entries = entries[:shownEntries]
		view.Older = at(sequencePath, filter, url.Values{"before": {strconv.FormatUint(entries[shownEntries-1].Seq, 10)}})
	}
	if before == 0 {
		view.Live = at(sequencePath+"/live", filter, url.Values{"after": {strconv.FormatUint(last, 10)}})
	}
	for _, entry := range entries {
		view.Entries = append(view.Entries, s.viewEntry(entry, shortBody))
	}
	page.Write(w, http.StatusOK, sequenceTemplate, view)
}

// upTo is where a page starts: below before, or with the last entry.
func upTo(before, last uint64) uint64 {
	if before != 0 {
		return before
	}
	return last + 1
}

func filterOf(query url.Values) wire.Filter {
	return wire.Filter{Text: query.Get("q"), ID: query.Get("id"), Side: query.Get("side"), Kind: query.Get("kind")}
}

// at is a URL with a filter and further parameters.
func at(path string, filter wire.Filter, more url.Values) string {
	query := url.Values{}
	for name, value := range map[string]string{"q": filter.Text, "id": filter.ID, "side": filter.Side, "kind": filter.Kind} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, values := range more {
		query[name] = values
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func (s *Simulator) entryPage(w http.ResponseWriter, r *http.Request) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	entry, found := s.history.Find(seq)
	if err != nil || !found {
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: s.frame("Not found", ""), Heading: "No such entry",
			Text: "The history no longer has this entry, or never had it. It keeps the newest 20,000.",
			Link: sequencePath, LinkTo: "All entries"})
		return
	}
	page.Write(w, http.StatusOK, entryTemplate, entryPageView{Frame: s.frame("Entry "+r.PathValue("seq"), ""),
		Entry: s.viewEntry(entry, wholeBody)})
}
