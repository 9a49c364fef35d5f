package console

import (
	"net/url"
	"time"
)

var deletionPages = []page{{path: "/deletions", name: "Deletions", title: "Deletions", file: "deletions.html", live: true,
	read: readDeletions}}

// deletionsData is the content of the page.
type deletionsData struct {
	State string
	Data  []struct {
		Account, State string
		At             time.Time
	}
}

// Held reports whether the page lists deletions that the brake holds.
func (d deletionsData) Held() bool { return d.State == "held" }

// Decidable reports whether an operator can decide about the listed deletions.
func (d deletionsData) Decidable() bool {
	return d.State == "held" || d.State == "discarded" || d.State == "refused"
}

func readDeletions(v *visit) (any, error) {
	data := &deletionsData{State: v.URL.Query().Get("state")}
	if data.State == "" {
		data.State = "held"
	}
	state := data.State
	err := v.get("/v1/deletions?"+url.Values{"limit": {"200"}, "state": {state}}.Encode(), data)
	data.State = state
	return data, err
}
