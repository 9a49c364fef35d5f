// Package audit records what operators do. A [Recorder] writes an entry before an action starts, and refuses
// the action if it cannot. It writes another one with the result. So no action is missing from the log, also if
// the process dies; an action whose result is missing was interrupted.
//
// Entries contain ids, states and counts, and never secrets, bodies or e-mail addresses.
package audit

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Recorder records actions.
type Recorder struct {
	Store lockstep.Audit
	Log   *slog.Logger
}

// Action is what an operator asks for.
type Action struct {
	Actor    string // key/NAME
	Name     string // the operation of the API
	Reason   string // in the operator's words; may be empty
	Subjects []Subject
}

// Subject is what an action is about.
type Subject struct {
	Name    string
	Account lockstep.Account // may be zero
}

// Account returns an account as a subject.
func Account(a lockstep.Account) Subject { return Subject{a.String(), a} }

var id = regexp.MustCompile(`^[A-Za-z0-9_.:/|-]{1,255}$`)

// Object returns an object as a subject: its kind and id. It hides an id that has another form than ids have,
// because it may be an address or a secret that someone typed by mistake.
func Object(kind, name string) Subject {
	if !id.MatchString(name) || lockstep.IsAPIKey(name) {
		name = "(malformed)"
	}
	return Subject{Name: kind + "/" + name}
}

// Facts are the state of a subject before or after an action, for the log.
type Facts map[string]any

// Trail collects the results of an action.
type Trail struct{ results []result }

type result struct {
	subject       Subject
	before, after Facts
}

// Done notes that the action changed a subject, which may differ from those of the request. Either facts may be
// nil.
func (t *Trail) Done(s Subject, before, after Facts) {
	t.results = append(t.results, result{s, before, after})
}

// resultWithin bounds the wait for the entry of a result.
const resultWithin = 5 * time.Second

// Do records the action and runs do. Its error is do's, or the reason why the action was not recorded and
// therefore not started.
func (r *Recorder) Do(ctx context.Context, a Action, do func(*Trail) error) error {
	request := rand.Text()
	entry := func(s Subject, result lockstep.AuditResult) lockstep.AuditEntry {
		return lockstep.AuditEntry{Request: request, Actor: a.Actor, Action: a.Name, Reason: a.Reason, Subject: s.Name,
			Account: s.Account, Result: result}
	}
	var requested []lockstep.AuditEntry
	for _, s := range a.Subjects {
		requested = append(requested, entry(s, lockstep.AuditRequested))
	}
	if err := r.Store.AppendAudit(ctx, requested...); err != nil {
		return fmt.Errorf("%s was not started: %w", a.Name, err)
	}
	var trail Trail
	failure := do(&trail)
	ended, err := trail.entries(a.Subjects, failure, entry)
	if err == nil { // the caller may have left
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resultWithin)
		defer cancel()
		err = r.Store.AppendAudit(ctx, ended...)
	}
	if err != nil {
		r.Log.ErrorContext(ctx, "result of an action not recorded", "action", a.Name, "request", request, "error", err)
	}
	return failure
}

// entries returns an entry for each noted result, and one for each other subject: failed if the action failed.
func (t *Trail) entries(subjects []Subject, failure error,
	entry func(Subject, lockstep.AuditResult) lockstep.AuditEntry) (all []lockstep.AuditEntry, err error) {
	for _, s := range subjects {
		switch {
		case slices.ContainsFunc(t.results, func(r result) bool { return r.subject.Name == s.Name }):
		case failure != nil:
			e := entry(s, lockstep.AuditFailed)
			e.Failure = status(failure)
			all = append(all, e)
		default:
			all = append(all, entry(s, lockstep.AuditDone))
		}
	}
	for _, r := range t.results {
		e := entry(r.subject, lockstep.AuditDone)
		if e.Before, err = r.before.text(); err != nil {
			return nil, err
		}
		if e.After, err = r.after.text(); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// text returns the facts as JSON; empty if there are none.
func (f Facts) text() (string, error) {
	if f == nil {
		return "", nil
	}
	text, err := json.Marshal(f)
	return string(text), err
}

// status returns what the caller got. The text of an error may repeat what the caller sent, so it stays out.
func status(failure error) string {
	var answer interface{ GetStatus() int }
	if errors.As(failure, &answer) {
		return strconv.Itoa(answer.GetStatus()) + " " + http.StatusText(answer.GetStatus())
	}
	return "error"
}
