package httpapi

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/web/problem"
)

// unrouted answers what no other route of mux does, as every other error is answered: 404,
// or 405 with what is allowed where the path exists.
func unrouted(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); strings.HasPrefix(pattern, method+" ") {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			problem.Write(w, http.StatusNotFound, "there is nothing at this path; GET /openapi.json says what there is")
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem.Write(w, http.StatusMethodNotAllowed, "this path takes "+strings.Join(allowed, ", "))
	}
}
