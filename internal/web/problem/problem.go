// Package problem answers errors as RFC 9457 has it, for handlers that are not operations
// of the API's framework, whose answers look the same.
package problem

import (
	"encoding/json"
	"net/http"
)

// details is the body.
type details struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// Write answers with a status and what to do about it. The detail is shown to whoever asked.
func Write(w http.ResponseWriter, status int, detail string) {
	text, err := json.Marshal(details{http.StatusText(status), status, detail})
	if err != nil {
		panic("problem: text does not marshal: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // whoever asked has left
}
