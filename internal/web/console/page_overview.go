package console

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

var overviewPages = []page{{path: "", name: "Overview", title: "Overview", file: "overview.html", live: true,
	read: readOverview}}

// overviewData is the content of the page.
type overviewData struct {
	Well bool
	At   time.Time

	PayersWithoutAccess  concern      `json:"payers_without_access"`
	AccessWithoutPayment concern      `json:"access_without_payment"`
	Unclassified         count        `json:"unclassified"`
	ParkedPayments       parked       `json:"parked_payments"`
	HeldDeletions        count        `json:"held_deletions"`
	FailedWork           count        `json:"failed_work"`
	PendingWork          *pendingWork `json:"pending_work"`
	Problems             count        `json:"problems"`
	DisabledWebhooks     []string     `json:"disabled_webhooks"`
	Reasons              []struct{ Code, Detail string }

	Span string `json:"-"` // of the charts
}

// Spans are the choices for the charts.
func (overviewData) Spans() []struct{ Value, Text string } { return spans }

// count is a bounded count.
type count struct {
	Count   int64
	AtLeast bool `json:"at_least"`
	Oldest  *time.Time
}

// Text writes the count: "12", "10,000 or more".
func (c count) Text() string {
	if c.AtLeast {
		return number(c.Count) + " or more"
	}
	return number(c.Count)
}

type concern struct {
	count
	First []foundAccount
}

// Tally returns the count, which templates cannot reach by its name.
func (c count) Tally() count { return c }

type parked struct {
	count
	Amounts []struct {
		Currency string
		Amount   int64
	}
	AmountsAtLeast bool `json:"amounts_at_least"`
}

type pendingWork struct {
	count
	Lag int64 `json:"lag_ms"`
}

// Unwell reports whether something besides the tiles needs attention.
func (o overviewData) Unwell() bool { return len(o.Reasons)+len(o.DisabledWebhooks) > 0 }

// concernList is a list of accounts, for the part "concern".
type concernList struct {
	Title    string
	Accounts []foundAccount
	Frame    frame
}

// Listed returns accounts with a title, for the part "concern".
func (f frame) Listed(title string, accounts []foundAccount) concernList {
	return concernList{title, accounts, f}
}

// Since says when the oldest of a count began, or the sentence for a count of nothing.
func (f frame) Since(c count, nothing string) string {
	switch {
	case c.Count == 0:
		return nothing
	case c.Oldest == nil: // it is not kept
		return ""
	}
	return "the oldest began " + f.Ago(c.Oldest)
}

func readOverview(v *visit) (any, error) {
	data := overviewData{Span: string(lockstep.LastHour)}
	for _, s := range spans {
		if v.URL.Query().Get("span") == s.Value {
			data.Span = s.Value
		}
	}
	return &data, v.get("/v1/overview", &data)
}
