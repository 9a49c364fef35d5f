package console

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

var auditPages = []page{{path: "/audit", name: "Audit log", title: "Audit log", file: "audit.html", live: true,
	read: readAudit}}

// auditData is the content of the page.
type auditData struct {
	Data     []auditEntry
	Next     string
	Filtered bool     `json:"-"`
	Refused  []string `json:"-"` // why the filters cannot be used
}

type auditEntry struct {
	Number        int64
	Request       string
	At            time.Time
	Actor, Action string
	Subject       string
	Account       string
	Result        string
	Failure       string
	Reason        string
	Before, After json.RawMessage
}

// Outcome names the result as the page shows it.
func (e auditEntry) Outcome() string {
	if e.Result == "requested" {
		return "no result yet"
	}
	return e.Result
}

// Permalink is the address of the list that begins with the entry.
func (e auditEntry) Permalink() string {
	return root + "/audit?before=" + strconv.FormatInt(e.Number+1, 10) + "#entry-" + strconv.FormatInt(e.Number, 10)
}

// auditChange is a fact as it was before and after an action.
type auditChange struct{ Name, Before, After string }

// Changes lists the facts before and after by name.
func (e auditEntry) Changes() (all []auditChange) {
	before, after := factsOf(e.Before), factsOf(e.After)
	names := map[string]bool{}
	for _, facts := range []map[string]string{before, after} {
		for name := range facts {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, auditChange{sentence(name), before[name], after[name]})
	}
	return all
}

// factsOf reads a state as texts by name. A state that is not an object has no name.
func factsOf(state json.RawMessage) map[string]string {
	facts := map[string]string{}
	if len(state) == 0 {
		return facts
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(state, &values); err != nil {
		facts["state"] = string(state)
		return facts
	}
	for name, value := range values {
		facts[name] = factText(value)
	}
	return facts
}

// factText writes a fact: a text without its quotes, true and false as words, a list of texts with commas.
func factText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var list []string
	if json.Unmarshal(value, &list) == nil {
		return strings.Join(list, ", ")
	}
	switch string(value) {
	case "true":
		return "yes"
	case "false":
		return "no"
	case "null":
		return ""
	}
	return string(value)
}

func readAudit(v *visit) (any, error) {
	var data auditData
	path := v.query("/v1/audit", "account", "before")
	if since := v.URL.Query().Get("since"); since != "" {
		path = withSince(path, since+"T00:00:00"+clockOf(v.Request).Offset())
	}
	refused, err := v.refusal(path, &data)
	if err != nil {
		return nil, err
	}
	data.Refused, data.Data = refused, settled(data.Data)
	data.Filtered = v.URL.Query().Get("account")+v.URL.Query().Get("since") != ""
	return &data, nil
}

// withSince adds the beginning of a day to a path of the API.
func withSince(path, since string) string {
	joint := "?"
	if strings.Contains(path, "?") {
		joint = "&"
	}
	return path + joint + url.Values{"since": {since}}.Encode()
}

// settled leaves out the request of an action if a result of it follows. The newest entry comes first, so what is
// left without a result was interrupted, or still runs.
func settled(all []auditEntry) (some []auditEntry) {
	ended := map[string]bool{}
	for _, e := range all {
		if e.Result == "requested" && ended[e.Request+" "+e.Subject] {
			continue
		}
		ended[e.Request+" "+e.Subject] = true
		some = append(some, e)
	}
	return some
}
