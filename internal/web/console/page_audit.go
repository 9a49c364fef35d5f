package console

import (
	"encoding/json"
	"time"
)

var auditPages = []page{{path: "/audit", name: "Audit log", title: "Audit log", file: "audit.html", live: true,
	read: readAudit}}

// auditData is the content of the page.
type auditData struct {
	Data []auditEntry
	Next string
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

// Facts returns the state before or after as text; empty if there is none.
func (auditEntry) Facts(state json.RawMessage) string { return string(state) }

func readAudit(v *visit) (any, error) {
	var data auditData
	if err := v.get(v.query("/v1/audit", "account", "before"), &data); err != nil {
		return nil, err
	}
	data.Data = settled(data.Data)
	return &data, nil
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
