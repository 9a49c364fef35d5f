package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

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
		r.ContentLength < 1 || r.ContentLength > mostDirect || !a.plain(r) {
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

// peek reads a body that must arrive within [bodyWithin], and puts it back for the framework.
func peek(w http.ResponseWriter, r *http.Request) []byte {
	wire := http.NewResponseController(w)
	_ = wire.SetReadDeadline(time.Now().Add(bodyWithin)) // see readBody
	body := make([]byte, r.ContentLength)
	n, err := io.ReadFull(r.Body, body)
	if err != nil {
		r.Body = rest{io.MultiReader(bytes.NewReader(body[:n]), broken{err}), r.Body}
		return nil
	}
	_ = wire.SetReadDeadline(time.Time{})
	r.Body = rest{bytes.NewReader(body), r.Body}
	return body
}

// broken is the end of a body that did not arrive.
type broken struct{ error }

// Read returns the error.
func (b broken) Read([]byte) (int, error) { return 0, b.error }

// parseQuestion reads a body that has nothing but one feature or plan and the account, each once. The
// framework answers every other body.
func parseQuestion(body []byte) (q question, ok bool) {
	if !utf8.Valid(body) {
		return q, false
	}
	tokens := json.NewDecoder(bytes.NewReader(body))
	if open, err := tokens.Token(); err != nil || open != json.Delim('{') {
		return q, false
	}
	fields := map[string]*string{"account": &q.account, "feature": &q.feature, "plan": &q.plan}
	for tokens.More() {
		name, err := tokens.Token()
		if err != nil {
			return q, false
		}
		value, err := tokens.Token()
		text, isText := value.(string)
		field := fields[name.(string)] //nolint:forcetypeassert // the decoder allows no other name
		if err != nil || !isText || text == "" || len(text) > 200 || !printable(text) || field == nil || *field != "" {
			return q, false
		}
		*field = text
	}
	if _, err := tokens.Token(); err != nil {
		return q, false
	}
	_, err := tokens.Token()
	return q, errors.Is(err, io.EOF) && q.account != "" && (q.feature == "") != (q.plan == "")
}
