package httpapi

import (
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/apikeys"
)

// MissingScope is the problem type (urn:lockstep:missing-scope) of a request whose API key lacks the scope that
// the operation needs.
const MissingScope = "missing-scope"

// keysUnavailable is the answer while nobody can tell whether a key is valid.
const keysUnavailable = "API keys cannot be read from the database; retry soon"

// scopeOf returns the scope that an operation needs; 0 if it accepts no API key.
func scopeOf(accepted []map[string][]string) (scope lockstep.APIScope) {
	for _, credentials := range accepted {
		if names, is := credentials["apiKey"]; is {
			scope, _ = lockstep.ParseAPIScopes(names...) // names of our own
		}
	}
	return scope
}

// lacking refuses a key without a scope.
func lacking(key apikeys.Key, scope lockstep.APIScope) *refusal {
	if scope != 0 && key.Scopes.Has(scope) {
		return nil
	}
	return &refusal{Status: http.StatusForbidden, Type: "urn:lockstep:" + MissingScope,
		Why: "the API key " + key.Name + " lacks the scope " + scope.String() + "; to create a key that has it: lockstep keys create NAME --scope " +
			scope.String()}
}
