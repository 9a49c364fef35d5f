package httpapi

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/web/problem"
)

// unrouted answers paths that mux does not route, in the format of all other errors: 404, or 405 with
// the allowed methods if the path exists.
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
			problem.Write(w, http.StatusNotFound, "path not found; GET /openapi.json lists the paths")
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem.Write(w, http.StatusMethodNotAllowed, "method not allowed; this path accepts "+strings.Join(allowed, ", "))
	}
}
