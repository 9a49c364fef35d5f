package httpapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Direct answers what apps' servers ask for all day, reads of access and checks, without the framework
// if memory has the answer. It passes every other request on: another caller, an account that is not in
// memory, an invalid or unusual request. Both ways give the same answer.
func (a *API) Direct(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.directAccess(w, r) && !a.directCheck(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// directAccess answers GET /v1/accounts/{kind}/{id}/access, and reports whether it did. What memory
// holds under a kind and an id is an account, so their form needs no check.
func (a *API) directAccess(w http.ResponseWriter, r *http.Request) bool {
	account, is := accountOfPath(r.URL.Path)
	if !is || r.Method != http.MethodGet || !a.plain(r, lockstep.APICheck) {
		return false
	}
	now := time.Now()
	entry, has := a.Records.InMemory(account, now)
	if !has {
		return false
	}
	answer, err := entry.Answer(a.Catalog, now)
	if err != nil {
		return false // the framework's way reports it
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", revalidate)
	h.Set("ETag", answer.ETag)
	if known := r.Header.Get("If-None-Match"); known != "" && matches(known, answer.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	_, _ = w.Write(answer.JSON) // fails if the caller has left
	return true
}

// accountOfPath returns the account in /v1/accounts/{kind}/{id}/access.
func accountOfPath(path string) (lockstep.Account, bool) {
	path, under := strings.CutPrefix(path, "/v1/accounts/")
	path, access := strings.CutSuffix(path, "/access")
	kind, id, found := strings.Cut(path, "/")
	return lockstep.Account{Kind: lockstep.Kind(kind), ID: id}, under && access && found
}

// plain reports whether a request carries an API key with a scope that memory knows, and nothing that needs
// another look.
func (a *API) plain(r *http.Request, scope lockstep.APIScope) bool {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer || r.URL.RawQuery != "" || r.Header.Get("Idempotency-Key") != "" {
		return false
	}
	key, known := a.Callers.Keys.Known(token)
	return known && key.Scopes.Has(scope)
}
