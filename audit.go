package lockstep

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// AuditEntry says that someone asked for an action of an operator, or how the action ended. It contains
// no secrets and no personal data beyond ids. Lockstep writes the first entry before it acts. So an action
// without a second entry was interrupted, and its effect is unknown.
type AuditEntry struct {
	Number  int64     // set by the store, in the order of writing
	Request string    // the same in all entries of one request
	At      time.Time // set by the store
	Actor   string    // who: key/NAME, or local/USER for a command that needs no service
	Action  string    // what: the operation of the API, or the command
	Subject string    // on what: customer/cus_…, key/NAME; may equal Account
	Account Account   // the account that it is about; may be zero
	Result  AuditResult
	Failure string // of a failed action: the status that the caller got
	Reason  string // why, in the operator's words; may be empty
	Before  string // JSON; may be empty
	After   string // JSON; may be empty
}

// AuditResult says what an entry reports about its action.
type AuditResult string

// The results.
const (
	AuditRequested AuditResult = "requested" // it is about to start
	AuditDone      AuditResult = "done"
	AuditFailed    AuditResult = "failed" // it changed nothing, or not everything
)

// AuditFilter selects entries, newest first.
type AuditFilter struct {
	Account Account   // zero: any
	Since   time.Time // zero: from the start
	Limit   int       // the most entries to return; 0 means 50
	Before  string    // a cursor from AuditPage.Next; empty: start with the newest
}

// AuditPage is a page of entries.
type AuditPage struct {
	Entries []AuditEntry
	Next    string // the cursor of the next page; empty at the end
}

// Audit stores the audit log. The database itself refuses to change or to delete an entry.
type Audit interface {
	// AppendAudit adds entries, up to a thousand in one transaction. After an error of a call with more,
	// some may be added.
	AppendAudit(ctx context.Context, entries ...AuditEntry) error
	// AuditEntries returns the entries that match a filter, newest first.
	AuditEntries(ctx context.Context, filter AuditFilter) (AuditPage, error)
}

// mostReason is the longest reason, in bytes.
const mostReason = 500

var emailAddress = regexp.MustCompile(`\S@\S+\.\S`)

// CheckReason rejects a reason that the audit log must not keep. It may be empty.
func CheckReason(reason string) error {
	switch {
	case len(reason) > mostReason:
		return fmt.Errorf("it has %d bytes, but at most %d are kept; refer to a ticket instead", len(reason), mostReason)
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl):
		return errors.New("it is not one line of text in UTF-8; remove control characters")
	case emailAddress.MatchString(reason):
		return errors.New("it contains an e-mail address, but the audit log cannot be erased; name the account or a ticket instead")
	}
	return nil
}
