package console

import (
	"net/url"
	"strings"
	"time"
)

var workPages = []page{
	{path: "/work", name: "Work", title: "Work", file: "work.html", live: true, read: readWork},
	{path: "/work/{kind}/{id}", title: "Work", file: "key.html", live: true, section: "/work", read: readKey},
}

// openWork is the state of a key.
type openWork struct {
	Key, Status, Disposition, Reason string
	Pending                          bool
	Attempts                         int
	RunAt                            time.Time  `json:"run_at"`
	LeaseUntil                       *time.Time `json:"lease_until"`
	Since                            *time.Time
}

// Href is the page of the key.
func (w openWork) Href() string {
	kind, id, _ := strings.Cut(w.Key, "/")
	return path("work", kind, id)
}

// Open reports whether a person may want to do something about the key.
func (w openWork) Open() bool {
	return w.Status == "pending" || w.Status == "parked" || w.Status == "failed"
}

// Shown is the status as the pages show it: pending work that only waits for its time is scheduled.
func (w openWork) Shown() string {
	if w.Status == "pending" && w.Reason == "" && w.LeaseUntil == nil && time.Until(w.RunAt) > time.Minute {
		return "scheduled"
	}
	return w.Status
}

// Linkable returns the id of a customer, checkout or payment that waits for a link to an account; empty if the
// key is about something else.
func (w openWork) Linkable() string {
	kind, id, _ := strings.Cut(w.Key, "/")
	if w.Status == "parked" && (kind == "customer" || kind == "checkout" || kind == "payment") {
		return id
	}
	return ""
}

// workData is the content of the list.
type workData struct {
	Data     []openWork
	Next     string
	Filtered bool
	Kinds    []string
}

// workKinds are the kinds of keys, for the filter.
var workKinds = []string{"user", "organization", "customer", "checkout", "payment", "object", "notice", "mail",
	"buyermail", "hook", "sweep", "wake"}

// workFilters are the parameters of the list that the API takes.
var workFilters = []string{"status", "kind", "key"}

func readWork(v *visit) (any, error) {
	data := workData{Kinds: workKinds}
	for _, name := range workFilters {
		data.Filtered = data.Filtered || v.URL.Query().Get(name) != ""
	}
	return &data, v.get(v.query("/v1/work", append(workFilters, "after")...), &data)
}

// keyData is the content of a key's page.
type keyData struct {
	Key    string
	Work   *openWork // nil: nothing is open
	Events []storedEvent
	Runs   []keyRun
}

func readKey(v *visit) (any, error) {
	data := &keyData{Key: v.PathValue("kind") + "/" + v.PathValue("id")}
	v.title = data.Key
	key := url.Values{"key": {data.Key}}.Encode()
	var open struct{ Data []openWork }
	if err := v.get("/v1/work?"+key, &open); err != nil {
		return nil, err
	}
	if len(open.Data) > 0 {
		data.Work = &open.Data[0]
	}
	var events struct{ Data []storedEvent }
	if err := v.get("/v1/events?limit=20&"+key, &events); err != nil {
		return nil, err
	}
	var runs struct{ Data []keyRun }
	err := v.get("/v1/runs?limit=20&"+key, &runs)
	data.Events, data.Runs = events.Data, runs.Data
	return data, err
}
