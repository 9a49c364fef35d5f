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

// Facts returns the state before or after as text; empty if there is none.
func (auditEntry) Facts(state json.RawMessage) string { return string(state) }

func readAudit(v *visit) (any, error) {
	var data auditData
	return &data, v.get(v.query("/v1/audit", "account", "before"), &data)
}
