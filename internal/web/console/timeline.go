package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// A timeline merges four lists, newest first: runs, events, operators' actions and notices. Each list has
// pages of its own, so a page of the timeline ends at a horizon: the oldest time that all lists have reached.
// What is older waits for the next page, whose address says where each list continues.

// The sizes of the pages of each list. A run names up to 20 events.
const (
	pageRuns    = 25
	pageEvents  = 100
	pageActions = 25
	// mostSteps is how many pages a search for an entry, or a filter, looks at. The history keeps 200 runs of a key.
	mostSteps = 16
	// enough is how many entries a filter collects.
	enough = 20
)

// The lists of a timeline.
const (
	runList = iota
	eventList
	actionList
	noticeList
	lists
)

// place is where a page of the timeline begins, for each list.
type place [lists]struct {
	Cursor string `json:"c,omitempty"` // of the API
	// Until is the horizon of the last page, in microseconds: what is not older was shown. 0: nothing of this
	// page of the list was.
	Until int64 `json:"u,omitempty"`
	Ended bool  `json:"e,omitempty"`
}

func (p place) encode() string {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // it has only texts and numbers
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func placeOf(text string) (p place, err error) {
	if text == "" {
		return p, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(decoded, &p)
	}
	if err != nil {
		return p, &apiError{Status: http.StatusUnprocessableEntity,
			Detail: "The address of this page of the timeline is damaged. Open the account again, and choose Earlier."}
	}
	return p, nil
}

func (p place) ended() bool {
	for _, list := range p {
		if !list.Ended {
			return false
		}
	}
	return true
}

// happened is an element of one of the lists.
type happened struct {
	list   int
	at     time.Time
	run    run
	event  event
	action auditEntry
	notice notice
}

// timeline is a page of what happened.
type timeline struct {
	Entries []entry
	Next    string // the address of earlier entries
	Show    string // the filter
	Sought  string // the entry that the address names
	Found   bool
	Later   bool // there are later entries than these
}

// teller reads a timeline.
type teller struct {
	*visit
	account string
	notices []notice
}

// readTimeline reads the page that the request asks for: from a place, or the one with an entry.
func readTimeline(v *visit, account string, notices []notice) (timeline, error) {
	given := v.URL.Query()
	t := teller{v, account, notices}
	line := timeline{Show: given.Get("show"), Sought: given.Get("entry")}
	at, err := placeOf(given.Get("before"))
	if err != nil {
		return line, err
	}
	line.Later = at != place{}
	for range mostSteps {
		found, next, err := t.step(at)
		if err != nil {
			return line, err
		}
		entries := t.tell(found)
		if line.Sought != "" {
			if entries, line.Found = anchor(entries, line.Sought); !line.Found && !next.ended() {
				at, line.Later = next, true
				continue
			}
		}
		line.Entries = append(line.Entries, filter(entries, line.Show)...)
		at = next
		if line.Sought != "" || len(line.Entries) >= enough || line.Show == "" || at.ended() {
			break
		}
	}
	if !at.ended() {
		line.Next = at.encode()
	}
	space(line.Entries)
	return line, nil
}

// anchor gives the entry that is sought, or that it was folded into, the sought id.
func anchor(entries []entry, id string) ([]entry, bool) {
	at := slices.IndexFunc(entries, func(e entry) bool { return e.ID == id || slices.Contains(e.folded, id) })
	if at < 0 {
		return entries, false
	}
	entries[at].ID, entries[at].Sought = id, true
	return entries, true
}

// page is a page of each list, and what of it the timeline shows.
type merged struct {
	shown   []happened
	told    []happened // all that was read, also what another page shows
	oldest  time.Time  // of the runs that are known
	earlier bool       // there are more runs
}

// step reads the page at a place, and returns the next place.
func (t teller) step(at place) (found merged, next place, err error) {
	var pages [lists][]happened
	var cursors [lists]string
	var horizon time.Time
	for list := range lists {
		if at[list].Ended {
			continue
		}
		if pages[list], cursors[list], err = t.read(list, at[list].Cursor); err != nil {
			return found, next, err
		}
		found.told = append(found.told, pages[list]...)
		if n := len(pages[list]); n > 0 && cursors[list] != "" {
			if last := oldest(pages[list]); last.After(horizon) {
				horizon = last
			}
		}
	}
	next = at
	for list := range lists {
		if at[list].Ended {
			continue
		}
		left := 0
		for _, h := range pages[list] {
			switch {
			case at[list].Until != 0 && h.at.UnixMicro() >= at[list].Until:
			case h.at.Before(horizon):
				left++
			default:
				found.shown = append(found.shown, h)
			}
		}
		if left > 0 {
			next[list].Until = horizon.UnixMicro()
			continue
		}
		next[list].Cursor, next[list].Until, next[list].Ended = cursors[list], 0, cursors[list] == ""
	}
	found.earlier = cursors[runList] != ""
	if runs := pages[runList]; len(runs) > 0 {
		found.oldest = oldest(runs)
	}
	return found, next, nil
}

func oldest(all []happened) time.Time {
	first := all[0].at
	for _, h := range all {
		if h.at.Before(first) {
			first = h.at
		}
	}
	return first
}

// read reads a page of a list.
func (t teller) read(list int, cursor string) (all []happened, next string, err error) {
	q := url.Values{}
	if cursor != "" {
		q.Set("before", cursor)
	}
	switch list {
	case runList:
		var page struct {
			Data []run
			Next string
		}
		q.Set("limit", strconv.Itoa(pageRuns))
		err = t.get(accountAPI(t.account)+"/runs?"+q.Encode(), &page)
		for _, r := range page.Data {
			all = append(all, happened{list: list, at: r.LastAt, run: r})
		}
		return all, page.Next, err
	case eventList:
		var page struct {
			Data []event
			Next string
		}
		q.Set("limit", strconv.Itoa(pageEvents))
		q.Set("account", t.account)
		err = t.get("/v1/events?"+q.Encode(), &page)
		for _, e := range page.Data {
			all = append(all, happened{list: list, at: e.ReceivedAt, event: e})
		}
		return all, page.Next, err
	case actionList:
		var page auditData
		q.Set("limit", strconv.Itoa(pageActions))
		q.Set("account", t.account)
		err = t.get("/v1/audit?"+q.Encode(), &page)
		for _, e := range page.Data {
			all = append(all, happened{list: list, at: e.At, action: e})
		}
		return all, page.Next, err
	}
	for _, n := range t.notices {
		all = append(all, happened{list: list, at: n.CreatedAt, notice: n})
	}
	return all, "", nil
}
