package watch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Entry is a record with the answers that it has given. A change of the record drops the entry. The
// passing of time can change an answer too, so each one is kept only until its Recheck.
//
// Every call must pass the same catalog.
type Entry struct {
	Record lockstep.Record // shared: do not change it

	missing error // ErrNotFound if the account does not exist
	parts   int

	access atomic.Pointer[decided]
	answer atomic.Pointer[Answer]
}

// period is the time in which an answer holds, by the wall clock.
type period struct{ from, until time.Time } // no until: forever

// periodOf returns the period of an answer that was computed at a moment.
func periodOf(access lockstep.Access, at time.Time) period {
	return period{from: at.Round(0), until: access.Recheck.Round(0)}
}

// contains compares without the monotonic clock: Recheck is a time of the wall clock, which may jump
// in both directions.
func (p period) contains(at time.Time) bool {
	at = at.Round(0)
	return !at.Before(p.from) && (p.until.IsZero() || at.Before(p.until))
}

// decided is the access that the record gives in a period.
type decided struct {
	lockstep.Access
	period
}

// Answer is an account's access as JSON.
type Answer struct {
	JSON []byte // ends with a line break; shared: do not change it
	ETag string // of the account and its access, in quotes
	period
}

// Access returns the access that the record gives at a moment. Callers share its lists and maps and
// must not change them.
func (e *Entry) Access(c lockstep.Catalog, at time.Time) lockstep.Access {
	if d := e.access.Load(); d != nil && d.contains(at) {
		return d.Access
	}
	access := c.Access(e.Record, at)
	e.access.Store(&decided{access, periodOf(access, at)})
	return access
}

// Answer returns the access that the record gives at a moment, as JSON.
func (e *Entry) Answer(c lockstep.Catalog, at time.Time) (*Answer, error) {
	if a := e.answer.Load(); a != nil && a.contains(at) {
		return a, nil
	}
	a, err := encode(e.Record.Account, c.Access(e.Record, at), at)
	if err != nil {
		return nil, err
	}
	e.answer.Store(a)
	return a, nil
}

func encode(account lockstep.Account, access lockstep.Access, at time.Time) (*Answer, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(access); err != nil {
		return nil, fmt.Errorf("access of %s: %w", account, err)
	}
	body := bytes.Clone(text.Bytes()) // no longer than needed
	sum := sha256.Sum256(append([]byte(account.String()+"\n"), bytes.TrimSpace(body)...))
	return &Answer{JSON: body, ETag: `"` + hex.EncodeToString(sum[:16]) + `"`, period: periodOf(access, at)}, nil
}
