package wire

import (
	"net/http"
	"strings"
)

// The kinds of entries, for Filter.
const (
	KindAPI      = "api"      // a call of a provider's API
	KindWrite    = "write"    // of these, one that is not a GET
	KindDelivery = "delivery" // an attempt to deliver a webhook
	KindPage     = "page"     // a visit to a hosted page
)

// Filter says which entries to show. The zero value of a field means "any".
type Filter struct {
	Text string // a text in any part, ignoring case
	ID   string // an object's id, in full
	Side string // "stripe" or "clerk": its API, pages and deliveries
	Kind string
}

// Matches reports whether the entry passes the filter.
func (f Filter) Matches(e *Entry) bool {
	if f.Side != "" && f.Side != e.Side && f.Side != e.Provider {
		return false
	}
	if f.Kind != "" && f.Kind != e.Kind() && (f.Kind != KindWrite || e.Kind() != KindAPI || e.Method == http.MethodGet) {
		return false
	}
	return (f.Text == "" || e.Contains(f.Text)) && (f.ID == "" || e.names(f.ID))
}

// Kind is KindAPI, KindDelivery or KindPage.
func (e *Entry) Kind() string {
	switch {
	case e.Side == "delivery":
		return KindDelivery
	case strings.HasPrefix(e.Path, "/v1/"), strings.HasPrefix(e.Path, "/v2/"), strings.HasPrefix(e.Path, "/.well-known/"):
		return KindAPI
	}
	return KindPage
}

// names reports whether the entry contains an id that is not part of a longer one.
func (e *Entry) names(id string) bool {
	for _, text := range []string{e.EventID, e.RequestID, e.Path, e.Request, e.Response} {
		for from := 0; ; {
			at := strings.Index(text[from:], id)
			if at < 0 {
				break
			}
			start, end := from+at, from+at+len(id)
			if (start == 0 || !inID(text[start-1])) && (end == len(text) || !inID(text[end])) {
				return true
			}
			from = end
		}
	}
	return false
}

func inID(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
