package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockstep-dev/lockstep"
)

// mostDirect is the largest body of a check that is answered directly, in bytes.
const mostDirect = 1 << 10

// question is the body of a check.
type question struct{ account, feature, plan string }

// directCheck answers POST /v1/check, and reports whether it did.
func (a *API) directCheck(w http.ResponseWriter, r *http.Request) bool {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if r.URL.Path != "/v1/check" || r.Method != http.MethodPost || media != "application/json" ||
		r.ContentLength < 1 || r.ContentLength > mostDirect || !a.plain(r, lockstep.APICheck) {
		return false
	}
	q, ok := parseQuestion(peek(w, r))
	if !ok {
		return false
	}
	kind, id, _ := strings.Cut(q.account, "/")
	now := time.Now()
	entry, has := a.Records.InMemory(lockstep.Account{Kind: lockstep.Kind(kind), ID: id}, now)
	if !has {
		return false
	}
	view := checkView{Account: q.account, Feature: q.feature, Plan: q.plan}
	if err := a.decideCheck(entry, now, &view); err != nil {
		return false // the framework's way reports it
	}
	w.Header().Set("Content-Type", "application/json")
	answer := json.NewEncoder(w)
	answer.SetEscapeHTML(false)
	_ = answer.Encode(view) // fails if the caller has left
	return true
}

// peek reads a body that must arrive within [bodyWithin], and puts it back for the framework. It leaves the
// deadline: the framework's way removes it, and after an answer the server sets the next request's.
func peek(w http.ResponseWriter, r *http.Request) []byte {
	_ = huma.SetReadDeadline(w, time.Now().Add(bodyWithin)) // see readBody
	body := make([]byte, r.ContentLength)
	n, err := io.ReadFull(r.Body, body)
	if err != nil {
		r.Body = rest{io.MultiReader(bytes.NewReader(body[:n]), broken{err}), r.Body}
		return nil
	}
	r.Body = rest{bytes.NewReader(body), r.Body}
	return body
}

// broken is the end of a body that did not arrive.
type broken struct{ error }

// Read returns the error.
func (b broken) Read([]byte) (int, error) { return 0, b.error }

// parseQuestion reads a body that has nothing but one feature or plan and the account, each once. The
// framework answers every other body. The decoder rejects invalid UTF-8 and names that come twice.
func parseQuestion(body []byte) (q question, ok bool) {
	tokens := jsontext.NewDecoder(bytes.NewBuffer(body)) // which it reads without a copy
	if open, err := tokens.ReadToken(); err != nil || open.Kind() != '{' {
		return q, false
	}
	for tokens.PeekKind() == '"' {
		name, err := tokens.ReadToken()
		if err != nil {
			return q, false
		}
		field := q.field(name.String())
		value, err := tokens.ReadToken()
		if err != nil || value.Kind() != '"' || field == nil {
			return q, false
		}
		if *field = value.String(); *field == "" || len(*field) > 200 || !printable(*field) {
			return q, false
		}
	}
	if _, err := tokens.ReadToken(); err != nil { // the end of the object
		return q, false
	}
	_, err := tokens.ReadToken()
	return q, errors.Is(err, io.EOF) && q.account != "" && (q.feature == "") != (q.plan == "")
}

// field returns the field with a name; nil: the body may not have it.
func (q *question) field(name string) *string {
	switch name {
	case "account":
		return &q.account
	case "feature":
		return &q.feature
	case "plan":
		return &q.plan
	}
	return nil
}
