// Package problem writes errors as RFC 9457 (application/problem+json). Handlers that the API's framework
// does not serve use it, so that all errors look the same.
package problem

import (
	"encoding/json"
	"net/http"
)

// details is the body of an error.
type details struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// Write answers with a status and a detail that says what to do. The caller sees the detail.
func Write(w http.ResponseWriter, status int, detail string) {
	text, err := json.Marshal(details{http.StatusText(status), status, detail})
	if err != nil {
		panic("problem: text does not marshal: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // an error means that the caller has left
}
